/**
 * What the operator says on one stream, turned into calls of the applier and answers. One delta at a time; a delta that
 * cannot be read is refused without the applier ever seeing it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "../../model/log.ts";
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ConfigRefusal, ProxyReport } from "../../model/proxy-report.ts";
import type { Delta, SubscribeResponse } from "../generated/control_pb.ts";
import { DeltaAssembly } from "../wire/chunks.ts";
import type { Decoded } from "../wire/decoded.ts";
import type { ConfigApplier } from "./applier.ts";
import { Outbox } from "./outbox.ts";

export interface InboxParts {
  readonly log: Logger;
  readonly applier: ConfigApplier;
  readonly token: () => Promise<string>;
  readonly onWelcome: () => void;
}

export class Inbox {
  readonly #parts: InboxParts;
  readonly #outbox: Outbox;
  #assembly = new DeltaAssembly();
  #sequence = 0;
  /** A refusal of ours, which the applier knows nothing of; until a later delta could be read. */
  #refusal: ConfigRefusal | undefined;

  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#outbox = new Outbox(() => this.#withRefusal(parts.applier.report()));
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Resolves when the message has taken effect. Throws ConnectError when the operator breaks the contract. */
  async take({ message }: SubscribeResponse): Promise<void> {
    switch (message.case) {
      case "welcome":
        return this.#parts.onWelcome();
      case "current":
        return this.#takeCurrent(message.value.revision);
      case "delta":
        return this.#takeDelta(message.value);
      case "tokenRequest":
        return this.#outbox.token(await this.#parts.token());
      case undefined:
      // A message of a newer operator, which by the rules of the contract may be ignored.
    }
  }

  /**
   * Nothing to do, unless the applier does not know that it is complete (a proxy without resources may hold what is an
   * empty configuration) or still speaks of a refusal that is history. Both learn it from a delta without content.
   */
  async #takeCurrent(revision: string): Promise<void> {
    const report = this.#parts.applier.report();
    if (report.revision === revision && report.refusal === undefined) return;
    await this.#apply({ revision, upserts: new Map(), removals: [] });
    this.#outbox.reportChanged();
  }

  async #takeDelta(part: Delta): Promise<void> {
    if (part.sequence !== this.#sequence + 1) {
      throw new ConnectError(`delta ${part.sequence} came after ${this.#sequence}`, Code.Internal);
    }
    const decoded = this.#assembly.add(part);
    if (decoded === undefined) {
      // More of it may have been received already: connections have their turn between two parts.
      await nextTurn();
      return;
    }
    this.#sequence = part.sequence;
    this.#assembly = new DeltaAssembly();
    const report = await this.#applyOrRefuse(decoded, part.revision);
    this.#outbox.answer(part.sequence, report);
  }

  #applyOrRefuse(decoded: Decoded<ConfigDelta>, revision: string): Promise<ProxyReport> | ProxyReport {
    return decoded.ok ? this.#apply(decoded.value) : this.#refuse(revision, decoded.problem);
  }

  async #apply(delta: ConfigDelta): Promise<ProxyReport> {
    const { applier, log } = this.#parts;
    try {
      const report = await applier.apply(delta);
      this.#refusal = undefined;
      return report;
    } catch (error) {
      log.error("applying a configuration failed by a defect", { error, revision: delta.revision });
      return this.#refuse(delta.revision, `the proxy failed while applying: ${String(error)}`);
    }
  }

  #refuse(revision: string, message: string): ProxyReport {
    this.#refusal = { revision, reason: "invalid_resource", message };
    this.#parts.log.warn("configuration refused; the last good one serves on", { revision, problem: message });
    return this.#withRefusal(this.#parts.applier.report());
  }

  #withRefusal(report: ProxyReport): ProxyReport {
    return this.#refusal === undefined ? report : { ...report, refusal: this.#refusal };
  }
}

/**
 * What the proxy says on one stream, in order. Bounded: an answer, a token and "the report changed" wait here at most
 * once each, however slowly the operator reads. Reports that answer nothing are sent about 5 times a second at most.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { HeldConfig } from "../delta.ts";
import { HeldSchema, ReportSchema, type SubscribeRequest, SubscribeRequestSchema } from "../generated/control_pb.ts";
import { Latch } from "../latch.ts";
import { PROTOCOL_VERSION, REPORT_INTERVAL_MS } from "../protocol.ts";
import { Throttle } from "../throttle.ts";
import { heldToWire } from "../wire/chunks.ts";
import { reportToWire } from "../wire/report.ts";

export class Outbox {
  readonly #latch = new Latch();
  readonly #currentReport: () => ProxyReport;
  readonly #reportChanges = new Throttle<undefined>(REPORT_INTERVAL_MS, () => {
    this.#reportDue = true;
    this.#latch.raise();
  });
  #answer: { readonly sequence: number; readonly report: ProxyReport } | undefined;
  /** True at first: a new leader learns at once what serves. */
  #reportDue = true;
  #token: string | undefined;
  #closed = false;

  constructor(currentReport: () => ProxyReport) {
    this.#currentReport = currentReport;
  }

  reportChanged(): void {
    this.#reportChanges.offer(undefined);
  }

  /** The answer to the delta of this sequence. It is the newest report, so no other needs to follow. */
  answer(sequence: number, report: ProxyReport): void {
    this.#answer = { sequence, report };
    this.#reportDue = false;
    this.#reportChanges.discard();
    this.#latch.raise();
  }

  token(token: string): void {
    this.#token = token;
    this.#latch.raise();
  }

  close(): void {
    this.#closed = true;
    this.#reportChanges.stop();
    this.#latch.raise();
  }

  /** All messages of the stream; ends when closed. */
  async *messages(proxyId: string, held: HeldConfig): AsyncGenerator<SubscribeRequest> {
    const { revision, versions } = held;
    const hello = { proxyId, protocolVersion: PROTOCOL_VERSION, revision, heldCount: versions.size };
    yield request({ case: "hello", value: hello });
    for (const value of heldToWire(held)) {
      yield request({ case: "held", value: toBinary(HeldSchema, value) });
      // Connections have their turn between two parts.
      await nextTurn();
    }
    while (!this.#closed) {
      const due = this.#takeDue();
      if (due === undefined) await this.#latch.wait();
      else yield due;
    }
  }

  #takeDue(): SubscribeRequest | undefined {
    if (this.#answer !== undefined) {
      const { sequence, report } = this.#answer;
      this.#answer = undefined;
      return reportRequest(report, sequence);
    }
    if (this.#token !== undefined) {
      const token = this.#token;
      this.#token = undefined;
      return request({ case: "token", value: { token } });
    }
    if (this.#reportDue) {
      this.#reportDue = false;
      return reportRequest(this.#currentReport(), 0);
    }
    return undefined;
  }
}

type RequestMessage = NonNullable<
  Exclude<MessageInitShape<typeof SubscribeRequestSchema>, SubscribeRequest>["message"]
>;

function reportRequest(report: ProxyReport, acknowledges: number): SubscribeRequest {
  return request({ case: "report", value: toBinary(ReportSchema, reportToWire(report, acknowledges)) });
}

function request(message: RequestMessage): SubscribeRequest {
  return create(SubscribeRequestSchema, { message });
}

/**
 * The proxies that serve, seen from the thread that reads the files: what they are told goes there in parts, and what they report comes
 * back. It decides nothing.
 */
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { inParts } from "../../proxy/delta-parts.ts";
import type { ServingProxy } from "../standalone.ts";
import type { FromReader, ToReader } from "./messages.ts";

const NOTHING_YET: ProxyReport = { revision: "", listeners: [], unresolvedHosts: [] };

type Settle = Pick<PromiseWithResolvers<ProxyReport>, "resolve" | "reject">;

export class ServingSide {
  readonly #send: (message: FromReader) => void;
  readonly #proxies = new Map<string, RemoteProxy>();
  readonly #unanswered = new Map<number, Settle>();
  /** In the order in which the parts went out. */
  readonly #waiting: (() => void)[] = [];
  #lastRequest = 0;

  constructor(send: (message: FromReader) => void) {
    this.#send = send;
  }

  /** @throws never: a report of a proxy that is gone means nothing any more. */
  take(message: ToReader): void {
    switch (message.type) {
      case "go_on":
        this.#waiting.shift()?.();
        return;
      case "applied":
        this.#settle(message.request)?.resolve(message.report);
        return;
      case "failed":
        this.#settle(message.request)?.reject(new Error(message.problem));
        return;
      case "report":
        this.#proxies.get(message.gateway)?.hear(message.report);
        return;
    }
  }

  createProxy(gateway: string): ServingProxy {
    const proxy = new RemoteProxy({
      apply: (delta) => this.#apply(gateway, delta),
      retire: (drainMs) => {
        if (this.#proxies.get(gateway) === proxy) this.#proxies.delete(gateway);
        this.#send({ type: "retire", gateway, drainMs });
      },
    });
    this.#proxies.set(gateway, proxy);
    return proxy;
  }

  async #apply(gateway: string, delta: ConfigDelta): Promise<ProxyReport> {
    const { parts, rest } = inParts(delta);
    for (const part of parts) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      this.#send({ type: "apply_part", gateway, ...part });
      await promise;
    }
    const { promise, ...settle } = Promise.withResolvers<ProxyReport>();
    const request = ++this.#lastRequest;
    this.#unanswered.set(request, settle);
    this.#send({ type: "apply", request, gateway, delta: rest });
    return promise;
  }

  #settle(request: number): Settle | undefined {
    const settle = this.#unanswered.get(request);
    this.#unanswered.delete(request);
    return settle;
  }
}

interface Remote {
  apply(delta: ConfigDelta): Promise<ProxyReport>;
  retire(drainMs: number): void;
}

class RemoteProxy implements ServingProxy {
  readonly #remote: Remote;
  #report = NOTHING_YET;
  #heard: () => void = () => {};

  constructor(remote: Remote) {
    this.#remote = remote;
  }

  async apply(delta: ConfigDelta): Promise<ProxyReport> {
    this.#report = await this.#remote.apply(delta);
    return this.#report;
  }

  report(): ProxyReport {
    return this.#report;
  }

  onReport(call: () => void): void {
    this.#heard = call;
  }

  hear(report: ProxyReport): void {
    this.#report = report;
    this.#heard();
  }

  /** How that went is the serving thread's to know. */
  async drain(deadlineMs: number): Promise<void> {
    this.#remote.retire(deadlineMs);
  }

  async close(): Promise<void> {}
}

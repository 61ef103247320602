/**
 * Keeps the wanted ports bound, each on all bind addresses, and knows which are not and why.
 *
 * A port that could not be bound is tried again.
 * It accepts nothing itself: that is the engine's.
 */
import type { Logger } from "../../model/log.ts";
import type { BindFailure } from "../../model/proxy-report.ts";
import type { BoundSocket, Engine } from "../relay/engine.ts";

export type PortState =
  | { readonly state: "bound" }
  | { readonly state: "failed"; readonly reason: BindFailure; readonly message: string };

/** Every address of this machine, of both families. */
export const ALL_ADDRESSES: readonly string[] = ["0.0.0.0", "::"];

interface Port {
  readonly state: PortState;
  readonly sockets: readonly BoundSocket[];
}

export class PortBinder {
  readonly #engine: Pick<Engine, "listen">;
  readonly #addresses: readonly string[];
  readonly #log: Logger;
  readonly #ports = new Map<number, Port>();

  /** `addresses`: at least one. An address that the machine does not have is passed over if another one can be bound. */
  constructor(engine: Pick<Engine, "listen">, addresses: readonly string[], log: Logger) {
    this.#engine = engine;
    this.#addresses = addresses;
    this.#log = log;
  }

  /** Undefined: the port was never asked for. */
  state(port: number): PortState | undefined {
    return this.#ports.get(port)?.state;
  }

  get hasFailed(): boolean {
    return [...this.#ports.values()].some(({ state }) => state.state === "failed");
  }

  /** Binds those that are not bound yet. Answers whether any port's state has changed. */
  async bind(ports: Iterable<number>): Promise<boolean> {
    const missing = [...new Set(ports)].filter((port) => this.state(port)?.state !== "bound");
    const changes = await Promise.all(missing.map((port) => this.#bindPort(port)));
    return changes.includes(true);
  }

  /** Tries those again that failed. Answers whether any port's state has changed. */
  retry(): Promise<boolean> {
    return this.bind([...this.#ports].filter(([, { state }]) => state.state === "failed").map(([port]) => port));
  }

  /** Unbinds all ports but these. Their connections live on. */
  async unbindExcept(ports: ReadonlySet<number>): Promise<void> {
    const surplus = [...this.#ports].filter(([port]) => !ports.has(port));
    for (const [port] of surplus) this.#ports.delete(port);
    await Promise.all(surplus.flatMap(([, { sockets }]) => sockets.map((socket) => socket.close())));
    for (const [port, { state }] of surplus) {
      if (state.state === "bound") this.#log.info("port unbound", { port });
    }
  }

  async #bindPort(port: number): Promise<boolean> {
    const before = this.state(port);
    const bound = await this.#listen(port);
    this.#ports.set(port, bound);
    const { state } = bound;
    if (before?.state === state.state && messageOf(before) === messageOf(state)) return false;
    if (state.state === "bound") this.#log.info("port bound", { port });
    else this.#log.error("cannot bind port", { port, reason: state.reason, error: state.message });
    return true;
  }

  /** All addresses or none: a port that answers on one address only would be half a listener. */
  async #listen(port: number): Promise<Port> {
    const results = await Promise.all(this.#addresses.map((address) => this.#engine.listen({ address, port })));
    const sockets = results.flatMap((result) => ("bound" in result ? [result.bound] : []));
    const failures = results.flatMap((result) => ("failed" in result ? [result] : []));
    const failure = failures.find(({ failed }) => failed !== "address_unavailable");
    if (failure === undefined && sockets.length > 0) return { state: { state: "bound" }, sockets };
    await Promise.all(sockets.map((socket) => socket.close()));
    const { failed, message } = failure ?? failures[0] ?? { failed: "bind_failed", message: "no address to bind" };
    const reason = failed === "address_unavailable" ? "bind_failed" : failed;
    return { state: { state: "failed", reason, message }, sockets: [] };
  }
}

function messageOf(state: PortState): string | undefined {
  return state.state === "failed" ? state.message : undefined;
}

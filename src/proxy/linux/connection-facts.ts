/**
 * What there is to tell of a connection in the linux engine, gathered as it comes further: to onlookers while it is open, and once at
 * its end. As ../relay/connection-facts.ts, by the numbers that this engine has. It moves nothing and decides nothing.
 *
 * There is one such object for each connection, and none more at its end: what is counted then is these facts themselves. Text is made
 * of them only where somebody wants to know of single connections.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import { type Bytes, type MovedSum, movedSince, NO_BYTES } from "../observe/moved-bytes.ts";
import type { ConnectionState, OpenConnection } from "../observe/open-connection.ts";
import { NO_PATH } from "../relay/connection-facts.ts";
import { type ConnectionRecord, formatAddress } from "../relay/engine.ts";
import type { ClientHello } from "../tls/client-hello.ts";
import { type PackedAddress, unpackSocketAddress } from "./socket-address.ts";

/** Of a connection that has ended. */
export type EndedFacts = LinuxConnectionFacts & { readonly reason: ConnectionReason };

export class LinuxConnectionFacts {
  /** Of the listener. */
  readonly port: number;
  readonly startedAtMs = performance.now();
  readonly #peer: PackedAddress;
  path = NO_PATH;
  hello: ClientHello | undefined;
  helloMs: number | undefined;
  /** That answered, or that was tried last. */
  endpoint: Endpoint | undefined;
  connectMs: number | undefined;
  bytesIn = 0;
  bytesOut = 0;
  /** Of these bytes, what has been told while it was open. */
  counted: Bytes | undefined;
  /** Undefined: it has not ended. */
  reason: ConnectionReason | undefined;
  #detail: string | undefined;

  constructor(port: number, peer: PackedAddress) {
    this.port = port;
    this.#peer = peer;
  }

  /** Until now: whoever is told of its end asks at once, and no connection keeps the number. */
  get durationMs(): number {
    return performance.now() - this.startedAtMs;
  }

  look(state: ConnectionState): OpenConnection {
    const { endpoint } = this;
    const serverName = this.hello?.serverName;
    return {
      state,
      port: this.port,
      clientAddress: unpackSocketAddress(this.#peer),
      ...(serverName === undefined ? {} : { serverName }),
      path: this.path,
      ...(endpoint === undefined ? {} : { endpoint: formatAddress(endpoint.address, endpoint.port) }),
      ageMs: Math.round(this.durationMs),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }

  /** Bytes since the last time. What is told here, the record tells as counted. */
  takeMoved(): MovedSum {
    if (this.reason !== undefined) return NO_BYTES;
    const before = this.counted;
    this.counted = { bytesIn: this.bytesIn, bytesOut: this.bytesOut };
    return movedSince(before, this.counted, this.path.listener);
  }

  /** Undefined: it had ended already, and the first word stands. */
  end(reason: ConnectionReason, detail: string | undefined): EndedFacts | undefined {
    if (this.reason !== undefined) return undefined;
    this.reason = reason;
    this.#detail = detail;
    return this as EndedFacts;
  }

  /** All there is to say of it. */
  record(this: EndedFacts): ConnectionRecord {
    const { connectMs, counted, endpoint, hello, helloMs } = this;
    const detail = this.#detail;
    return {
      reason: this.reason,
      path: this.path,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      durationMs: this.durationMs,
      port: this.port,
      clientAddress: unpackSocketAddress(this.#peer),
      ...(counted === undefined ? {} : { counted }),
      ...(detail === undefined ? {} : { detail }),
      ...(hello === undefined ? {} : { hello }),
      ...(endpoint === undefined ? {} : { endpoint: formatAddress(endpoint.address, endpoint.port) }),
      ...(helloMs === undefined ? {} : { helloMs }),
      ...(connectMs === undefined ? {} : { connectMs }),
    };
  }
}

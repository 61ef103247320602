/**
 * What is known of a connection besides what moves its bytes, gathered as it comes further, and the record made of it at its end.
 *
 * Text is made of it only where somebody wants to know of single connections.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Bytes } from "../observe/moved-bytes.ts";
import type { DecisionPath } from "../route/decide.ts";
import type { DecryptedFacts } from "../terminate/client-tls.ts";
import type { ClientHello } from "../tls/client-hello.ts";
import type { BackendOutcome } from "./backend-side.ts";
import type { ClientFacts } from "./client-facts.ts";
import { type ConnectionRecord, formatAddress } from "./engine.ts";

/** A record that is being written. */
type Draft = { -readonly [Field in keyof ConnectionRecord]: ConnectionRecord[Field] };

/** Of a connection that is not planned yet. */
export const NO_PATH: DecisionPath = {};

export class ConnectionFacts {
  who: ClientFacts;
  /** Who sent the PROXY header that names the client. */
  peer: ClientFacts | undefined;
  path = NO_PATH;
  hello: ClientHello | undefined;
  helloMs: number | undefined;
  decrypted: DecryptedFacts | undefined;
  uniqueId: string | undefined;
  reached: BackendOutcome | undefined;

  constructor(who: ClientFacts) {
    this.who = who;
  }

  get clientAddress(): string {
    return formatEnd(this.who);
  }

  /** `address:port` of the endpoint that answered, or that was tried last. */
  get endpoint(): string | undefined {
    return this.reached && formatAddress(this.reached.endpoint.address, this.reached.endpoint.port);
  }

  get isPlanned(): boolean {
    return this.path !== NO_PATH;
  }

  /** `ending`: what the facts do not say. `isWhole`: also what no sum is made of. */
  record(ending: ConnectionEnding, isWhole: boolean): ConnectionRecord {
    const { reached } = this;
    const draft: Draft = {
      reason: ending.reason,
      path: this.path,
      port: ending.port,
      clientAddress: isWhole ? this.clientAddress : "",
      bytesIn: ending.bytesIn,
      bytesOut: ending.bytesOut,
      durationMs: ending.durationMs,
    };
    if (ending.counted !== undefined) draft.counted = ending.counted;
    if (this.helloMs !== undefined) draft.helloMs = this.helloMs;
    if (reached !== undefined && "connectMs" in reached) draft.connectMs = reached.connectMs;
    if (isWhole) this.#describe(draft, ending.detail);
    return draft;
  }

  #describe(draft: Draft, detail: string | undefined): void {
    const { reached } = this;
    if (detail !== undefined) draft.detail = detail;
    if (this.hello !== undefined) draft.hello = this.hello;
    if (this.peer !== undefined) draft.peerAddress = formatEnd(this.peer);
    if (this.uniqueId !== undefined) draft.uniqueId = this.uniqueId;
    if (this.decrypted !== undefined) draft.decrypted = this.decrypted;
    if (reached === undefined) return;
    if (this.endpoint !== undefined) draft.endpoint = this.endpoint;
    if ("tlsVersion" in reached && reached.tlsVersion !== undefined) draft.backendTlsVersion = reached.tlsVersion;
  }
}

export interface ConnectionEnding {
  readonly reason: ConnectionReason;
  readonly detail: string | undefined;
  readonly port: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly counted: Bytes | undefined;
  readonly durationMs: number;
}

function formatEnd({ source }: ClientFacts): string {
  return formatAddress(source.address, source.port);
}

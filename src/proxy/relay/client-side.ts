/**
 * The client's side of a connection until the relay takes it over: gathers its bytes, finds in them what the connection begins
 * with, ends TLS for it, notices when it goes, and lets it go when nothing is relayed.
 *
 * Every byte is kept once, in order, for whoever reads next. It decides nothing and keeps no time.
 */
import type net from "node:net";
import { FirstBytes } from "../first-bytes.ts";
import type { ClientHandshakeOutcome, ClientTls } from "../terminate/client-tls.ts";
import type { Beginning, BeginningParser, BeginningRefusal } from "./beginning.ts";
import { hear, letFlow, type SocketEvents, stopFlow } from "./socket-events.ts";
import type { TlsOverTcp } from "./socket-options.ts";

/**
 * What is read ahead while the backend is dialled: enough for early data (TLS 1.3, RFC 8446 section 2.3), the reads that
 * notice a client's end, and no more.
 */
const MAX_READ_AHEAD_BYTES = 65_536;

export interface ClientSideOwner {
  /** The client failed after its beginning was known, and before it was handed over. */
  onClientBroken(error: Error): void;
  /** The client has sent all its bytes, after its preamble was known and before the handoff. */
  onClientEnd(): void;
  /** The client's socket is closed, or the TLS upon it. */
  onClosed(): void;
  onDefect(error: unknown): void;
}

/** What is looked for. One object, for as long as a client may take: a crowd of slow ones is what the garbage collector has to copy. */
class Search<T extends { readonly state: string }> {
  readonly #parser: BeginningParser<T>;
  readonly #found: (result: Beginning<T>) => void;

  constructor(parser: BeginningParser<T>, found: (result: Beginning<T>) => void) {
    this.#parser = parser;
    this.#found = found;
  }

  /** Inspects all received bytes. The result is reported by the code that ended the search. */
  look(bytes: Buffer, length: number): (() => void) | undefined {
    const progress = this.#parser.read(bytes, length);
    return progress.state === "need_more" ? undefined : () => this.#found(progress as Beginning<T>);
  }

  fail(refusal: BeginningRefusal): void {
    this.#found(refusal);
  }
}

type AnySearch = Pick<Search<never>, "look" | "fail">;

export class ClientSide implements SocketEvents {
  readonly tcp: net.Socket;
  /** What the relay moves the bytes of: the socket, or the TLS upon it. */
  stream: net.Socket | TlsOverTcp;
  readonly #owner: ClientSideOwner;
  /** Undefined: whatever comes is kept. */
  #search: AnySearch | undefined;
  #isDropping = false;
  readonly #first = new FirstBytes();

  /** Reads from now on. */
  constructor(tcp: net.Socket, owner: ClientSideOwner) {
    this.tcp = tcp;
    this.stream = tcp;
    this.#owner = owner;
    hear(tcp, this);
    letFlow(tcp);
  }

  /** Looks for a beginning in what was read and in what comes; `found` is called once, perhaps before this returns. */
  find<T extends { readonly state: string }>(parser: BeginningParser<T>, found: (result: Beginning<T>) => void): void {
    this.#search = new Search(parser, found);
    if (this.#first.length > 0) this.#look(this.#search);
    // Found in what was there: somebody else may read by now.
    if (this.#search === undefined) return;
    // An end that came with what was read before comes no more, and a pause was for bytes that may be needed now.
    if (this.stream.readableEnded) this.onEnd();
    else if (this.stream.isPaused() && this.#first.length <= MAX_READ_AHEAD_BYTES) this.stream.resume();
  }

  /** The first bytes that were read are done with; the rest is for whoever reads next. */
  drop(consumed: number): void {
    this.#first.drop(consumed);
  }

  /** After this `stream` is plaintext, unless it has failed. */
  async decrypt(tls: ClientTls): Promise<ClientHandshakeOutcome> {
    const received = this.#release();
    if (this.tcp.readableEnded) return { reason: "client_handshake_failed", detail: "the client closed" };
    stopFlow(this.tcp);
    hear(this.tcp, new UnderTls(this.#owner));
    const outcome = await tls.handshake(this.tcp, received);
    if ("reason" in outcome) return outcome;
    this.stream = outcome.socket;
    hear(this.stream, this);
    letFlow(this.stream);
    return outcome;
  }

  /** The bytes read so far; whoever takes them hears of the stream from now on. */
  handOver(): Buffer {
    return this.#release();
  }

  /**
   * Ends by FIN, without a TLS alert: that is what clients take for a rejection. Closing over unread bytes would make the
   * kernel send RST, so they are read and dropped until the client closes or the socket is destroyed.
   */
  end(answer: string | undefined): void {
    this.#release();
    this.#isDropping = true;
    this.#search = undefined;
    this.stream.resume();
    if (answer === undefined) this.stream.end();
    else this.stream.end(answer);
  }

  onData(bytes: Buffer): void {
    if (this.#isDropping) return;
    this.#first.take(bytes);
    if (this.#search !== undefined) this.#look(this.#search);
    else if (this.#first.length > MAX_READ_AHEAD_BYTES) this.stream.pause();
  }

  onEnd(): void {
    if (this.#search === undefined) this.#owner.onClientEnd();
    else this.#fail("the client closed");
  }

  onError(error: Error): void {
    if (this.#search === undefined) this.#owner.onClientBroken(error);
    else this.#fail(error.message);
  }

  onClose(): void {
    this.#owner.onClosed();
  }

  onDefect(error: unknown): void {
    this.#owner.onDefect(error);
  }

  /** Whoever hears what was found may begin the next search. */
  #look(search: AnySearch): void {
    const { buffer, length } = this.#first;
    const tell = search.look(buffer, length);
    if (tell === undefined) return;
    this.#search = undefined;
    tell();
  }

  #fail(detail: string): void {
    const search = this.#search;
    this.#search = undefined;
    search?.fail({ state: "refused", reason: "client_closed_early", detail });
  }

  #release(): Buffer {
    const { buffer, length } = this.#first;
    // The connection keeps this object for hours; the bytes are not its any more.
    this.#first.clear();
    return buffer.subarray(0, length);
  }
}

/** The socket itself while TLS reads it: what matters of it is told by that. */
class UnderTls implements SocketEvents {
  readonly #owner: ClientSideOwner;

  constructor(owner: ClientSideOwner) {
    this.#owner = owner;
  }

  onData(): void {}
  onEnd(): void {}
  onError(): void {}

  onClose(): void {
    this.#owner.onClosed();
  }

  onDefect(error: unknown): void {
    this.#owner.onDefect(error);
  }
}

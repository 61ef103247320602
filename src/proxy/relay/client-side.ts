/**
 * The client's side of a connection until the relay takes it over: gathers its bytes, finds in them what the connection begins
 * with, ends TLS for it, notices when it goes, and lets it go when nothing is relayed.
 *
 * Every byte is kept once, in order, for whoever reads next. It decides nothing and keeps no time.
 */
import type net from "node:net";
import type { ClientHandshakeOutcome, ClientTls } from "../terminate/client-tls.ts";
import type { Beginning, BeginningParser, BeginningRefusal } from "./beginning.ts";
import { hear, letFlow, type SocketEvents, stopFlow } from "./socket-events.ts";
import type { TlsOverTcp } from "./socket-options.ts";

/**
 * What is read ahead while the backend is dialled: enough for early data (TLS 1.3, RFC 8446 section 2.3), the reads that
 * notice a client's end, and no more.
 */
const MAX_READ_AHEAD_BYTES = 65_536;

const NOTHING = Buffer.alloc(0);

export interface ClientSideOwner {
  /** The client failed after its beginning was known, and before it was handed over. */
  onClientBroken(error: Error): void;
  /** The client's socket is closed, or the TLS upon it. */
  onClosed(): void;
  onDefect(error: unknown): void;
}

/** A read that is shorter is copied: sockets that wait for the rest of a hello, thousands of them, then hold a piece of a shared buffer each. */
const FEWEST_KEPT_BYTES = 64;

/** What is looked for. One object, for as long as a client may take: a crowd of slow ones is what the garbage collector has to copy. */
class Search<T extends { readonly state: string }> {
  readonly #parser: BeginningParser<T>;
  readonly #found: (result: Beginning<T>) => void;

  constructor(parser: BeginningParser<T>, found: (result: Beginning<T>) => void) {
    this.#parser = parser;
    this.#found = found;
  }

  /** Takes the next bytes. What was found, for whoever has ended the search to tell. */
  look(bytes: Buffer): (() => void) | undefined {
    const progress = this.#parser.push(bytes);
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
  #bytes: Buffer = NOTHING;
  #filled = 0;

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
    if (this.#filled > 0) this.#look(this.#search, this.#bytes.subarray(0, this.#filled));
    // Found in what was there: somebody else may read by now.
    if (this.#search === undefined) return;
    // An end that came with what was read before comes no more, and a pause was for bytes that may be needed now.
    if (this.stream.readableEnded) this.onEnd();
    else if (this.stream.isPaused() && this.#filled <= MAX_READ_AHEAD_BYTES) this.stream.resume();
  }

  /** The first bytes that were read are done with; the rest is for whoever reads next. */
  drop(consumed: number): void {
    this.#bytes = this.#bytes.subarray(consumed);
    this.#filled -= consumed;
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
    this.#keep(bytes);
    if (this.#search !== undefined) this.#look(this.#search, bytes);
    else if (this.#filled > MAX_READ_AHEAD_BYTES) this.stream.pause();
  }

  onEnd(): void {
    this.#fail("the client closed");
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
  #look(search: AnySearch, bytes: Buffer): void {
    const tell = search.look(bytes);
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
    const bytes = this.#bytes.subarray(0, this.#filled);
    // The connection keeps this object for hours; the bytes are not its any more.
    this.#bytes = NOTHING;
    this.#filled = 0;
    return bytes;
  }

  /** One buffer that doubles: a hello in one-byte segments must not become a hundred thousand small objects. */
  #keep(chunk: Buffer): void {
    if (this.#filled === 0 && chunk.length >= FEWEST_KEPT_BYTES) this.#bytes = chunk;
    else {
      const needed = this.#filled + chunk.length;
      if (needed > this.#bytes.length) {
        const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length, FEWEST_KEPT_BYTES));
        this.#bytes.copy(grown, 0, 0, this.#filled);
        this.#bytes = grown;
      }
      chunk.copy(this.#bytes, this.#filled);
    }
    this.#filled += chunk.length;
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

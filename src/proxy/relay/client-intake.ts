/**
 * The client's side of a connection until a backend is there: gathers its bytes, finds in them what the connection begins
 * with, if it is to begin with something, and notices when the client goes.
 *
 * Every byte is kept once, in order, for the backend. It decides nothing and never writes.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";

/**
 * What is read ahead while the backend is dialled: enough for early data (TLS 1.3, RFC 8446 section 2.3), the reads that
 * notice a client's end, and no more.
 */
const MAX_READ_AHEAD_BYTES = 65_536;

const NOTHING = Buffer.alloc(0);

interface NeedMore {
  readonly state: "need_more";
}

export interface IntakeRefusal {
  readonly state: "refused";
  readonly reason: ConnectionReason;
  readonly detail: string;
}

/** Finds a beginning in a client's bytes, of a ClientHello or a request. An answer other than `need_more` is final. */
export interface BeginningParser<T> {
  push(bytes: Buffer): T | NeedMore;
}

export class ClientIntake<T extends { readonly state: string } = never> {
  /** What the client begins with; without a parser it never comes. Never rejects. */
  readonly result: Promise<Exclude<T, NeedMore> | IntakeRefusal>;
  readonly #client: net.Socket;
  readonly #parser: BeginningParser<T> | undefined;
  readonly #onReset: (error: Error) => void;
  #bytes: Buffer = NOTHING;
  #filled = 0;
  #isKnown: boolean;
  #resolve: (result: Exclude<T, NeedMore> | IntakeRefusal) => void = () => {};

  /**
   * Without a parser, any bytes will do and none. `onReset`: the client failed after its beginning was known. `read`: what
   * came before and was not ours.
   */
  constructor(
    client: net.Socket,
    parser: BeginningParser<T> | undefined,
    onReset: (error: Error) => void,
    read: Buffer = NOTHING,
  ) {
    this.#client = client;
    this.#parser = parser;
    this.#isKnown = parser === undefined;
    this.#onReset = onReset;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    client.on("data", this.#onData);
    client.on("end", this.#onEnd);
    client.on("error", this.#onError);
    if (read.length > 0) this.#onData(read);
    // An end that came with what was read before comes no more, and a pause was for bytes that may be needed now.
    if (client.readableEnded) this.#onEnd();
    else if (client.isPaused() && this.#filled <= MAX_READ_AHEAD_BYTES) client.resume();
  }

  /** Lets go of the socket. Returns everything read so far. */
  release(): Buffer {
    this.#client.off("data", this.#onData);
    this.#client.off("end", this.#onEnd);
    this.#client.off("error", this.#onError);
    const bytes = this.#bytes.subarray(0, this.#filled);
    // The connection keeps this object for hours; the bytes are not its any more.
    this.#bytes = NOTHING;
    return bytes;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#keep(chunk);
    if (this.#isKnown || this.#parser === undefined) {
      if (this.#filled > MAX_READ_AHEAD_BYTES) this.#client.pause();
      return;
    }
    const progress = this.#parser.push(chunk);
    if (progress.state !== "need_more") this.#know(progress as Exclude<T, NeedMore>);
  };

  readonly #onEnd = (): void => {
    this.#know({ state: "refused", reason: "client_closed_early", detail: "the client closed" });
  };

  readonly #onError = (error: Error): void => {
    if (this.#isKnown) this.#onReset(error);
    else this.#know({ state: "refused", reason: "client_closed_early", detail: error.message });
  };

  #know(result: Exclude<T, NeedMore> | IntakeRefusal): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#resolve(result);
  }

  /** One buffer that doubles: a hello in one-byte segments must not become a hundred thousand small objects. */
  #keep(chunk: Buffer): void {
    if (this.#filled === 0) this.#bytes = chunk;
    else {
      const needed = this.#filled + chunk.length;
      if (needed > this.#bytes.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
        this.#bytes.copy(grown, 0, 0, this.#filled);
        this.#bytes = grown;
      }
      chunk.copy(this.#bytes, this.#filled);
    }
    this.#filled += chunk.length;
  }
}

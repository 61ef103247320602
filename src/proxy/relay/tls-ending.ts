/**
 * Whether the end of a TLS stream was a close_notify or only the end of the TCP connection that carries it, which Node reports
 * alike. A stream that was cut that way must not look complete to the other side.
 *
 * A close_notify is a record of its own: it arrives together with the last data, or later and is counted by the socket beneath.
 * Where that cannot be known, after a pause above all, the end counts as a close_notify: a complete stream is never reset.
 */
import type net from "node:net";
import type { TlsOverTcp } from "./socket-options.ts";

export class TlsEnding {
  readonly #tcp: net.Socket;
  /** Bytes of the connection when the last data had come; undefined: not known. */
  #bytesRead: number | undefined;
  /** Has data come in this iteration of the event loop? */
  #isFresh = false;

  constructor({ tcp }: TlsOverTcp) {
    this.#tcp = tcp;
  }

  onData(): void {
    this.#bytesRead = this.#tcp.bytesRead;
    if (this.#isFresh) return;
    this.#isFresh = true;
    setImmediate(() => {
      this.#isFresh = false;
    });
  }

  /** An end may have come meanwhile. */
  onPause(): void {
    this.#bytesRead = undefined;
  }

  /** Called at the end of the stream. */
  get isCut(): boolean {
    return !this.#isFresh && this.#bytesRead === this.#tcp.bytesRead;
  }
}

/** What the other side of a stream that was cut is told by. As a reset: it is to TLS what that is to TCP. */
export class TlsCutError extends Error {
  readonly code = "ECONNRESET";

  constructor() {
    super("the TLS stream ended without close_notify");
  }
}

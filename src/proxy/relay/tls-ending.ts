/**
 * Determines whether a TLS stream ended with a close_notify or only with its TCP connection, which Node reports alike. A truncated
 * stream must not look complete to the other side.
 *
 * A close_notify is a record of its own: it arrives together with the last data, or it arrives later and the socket counts its bytes.
 * If that is unknown, mainly after a pause, the end counts as a close_notify: a complete stream is never reset.
 */
import type net from "node:net";
import type { TlsOverTcp } from "./socket-options.ts";

export class TlsEnding {
  readonly #tcp: net.Socket;
  /** Bytes of the connection when the last data had arrived; undefined: unknown. */
  #bytesRead: number | undefined;
  /** Reports whether data has arrived in this iteration of the event loop. */
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

  /** An end may have arrived meanwhile. */
  onPause(): void {
    this.#bytesRead = undefined;
  }

  /** Called at the end of the stream. */
  get isCut(): boolean {
    return !this.#isFresh && this.#bytesRead === this.#tcp.bytesRead;
  }
}

/** Error for the other side of a truncated stream. It has the same effect as a reset of TCP. */
export class TlsCutError extends Error {
  readonly code = "ECONNRESET";

  constructor() {
    super("the TLS stream ended without close_notify");
  }
}

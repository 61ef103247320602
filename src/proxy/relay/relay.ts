/**
 * Moves bytes between two connected sockets, of TCP or of TLS over it, until both directions have ended.
 *
 * A direction's end is passed on as an end, a reset as a reset; a side that does not read makes the other wait, so that
 * each direction holds two stream buffers at most (64 KiB each) and one read. It never looks at the bytes.
 */
import type net from "node:net";
import type { ReadBuffer } from "./read-buffer.ts";
import { hear, letFlow, type SocketEvents } from "./socket-events.ts";
import { abort, IS_FIRST_WRITE_PROMPT, isPlainTcp, type TlsOverTcp } from "./socket-options.ts";
import { TlsCutError, TlsEnding } from "./tls-ending.ts";

export type Side = "client" | "backend";

export interface RelayFailure {
  readonly side: Side;
  readonly error: Error;
  /** The backend failed after it had received all bytes of the client and its end, and all bytes of the backend were forwarded. */
  readonly isAfterClientEnd?: boolean;
}

export interface RelayEvents {
  /** A byte moved, or one side has ended. */
  onActivity(): void;
  /** Both sockets are closed. `failure`: what broke first, if anything did. */
  onRelayClosed(failure: RelayFailure | undefined): void;
  onDefect(error: unknown): void;
}

/** The backend's socket, and the memory that it reads into, if that is not Node's. */
export interface BackendStream {
  readonly stream: net.Socket;
  readonly buffer?: ReadBuffer | undefined;
}

export class Relay {
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #events: RelayEvents;
  #failure: RelayFailure | undefined;
  #closedSockets = 0;

  /** Both sockets are connected and not destroyed; that of the client flows. `head`: what it has sent already. */
  constructor(client: net.Socket, { stream: backend, buffer }: BackendStream, head: Buffer, events: RelayEvents) {
    this.#events = events;
    this.#up = new Direction(this, "client", client, backend);
    this.#down = new Direction(this, "backend", backend, client, buffer);
    hear(client, this.#up);
    hear(backend, this.#down);
    if (head.length > 0) this.#up.onData(head);
    // Whoever has ended before, the client while the backend was dialled or the backend with its handshake, ends no more.
    if (client.readableEnded) this.#up.onEnd();
    if (backend.readableEnded) this.#down.onEnd();
    if (client.isPaused() && !this.#up.waits) client.resume();
    if (buffer === undefined) letFlow(backend);
  }

  get bytesIn(): number {
    return this.#up.bytes;
  }

  get bytesOut(): number {
    return this.#down.bytes;
  }

  /** Reports whether the other side had ended before. */
  hasOtherEnded(direction: Direction): boolean {
    return (direction === this.#up ? this.#down : this.#up).isEnded;
  }

  /** Has either side sent all it has to send? */
  get isHalfClosed(): boolean {
    return this.#up.isEnded || this.#down.isEnded;
  }

  /** Reports whether bytes were read that the other side has not accepted. */
  get holdsBytes(): boolean {
    return this.#up.holdsBytes || this.#down.holdsBytes;
  }

  moved(): void {
    this.#events.onActivity();
  }

  /** `from` has sent all it had to send. */
  passOnEnd({ from, to }: Direction): void {
    this.#events.onActivity();
    const isOver = this.#up.isEnded && this.#down.isEnded && from.writableLength === 0 && to.writableLength === 0;
    if (isOver && isPlainTcp(from) && isPlainTcp(to)) {
      // The kernel has all that there is, and closing sends the last FIN as well as a shutdown would.
      from.destroy();
      to.destroy();
    } else {
      to.end();
    }
  }

  /**
   * Called when `from` has ended its TCP connection under a TLS stream without close_notify. Received data is forwarded, and TLS to the
   * other side also ends without close_notify. Plain TCP has only a reset for such an end.
   */
  passOnCut({ from, side, to }: Direction): void {
    this.#failure ??= { side, error: new TlsCutError() };
    abort(from);
    if (isPlainTcp(to)) abort(to);
    else to.write("", () => to.destroy());
  }

  failed(direction: Direction, error: Error): void {
    this.#failure ??= { side: direction.side, error, isAfterClientEnd: this.#isAfterClientEnd(direction) };
    abort(direction.to);
  }

  /** An unsent end is not enough: the backend that resets before it receives the client's last bytes has lost them. */
  #isAfterClientEnd(failed: Direction): boolean {
    return failed === this.#down && this.#up.isEnded && this.#up.to.writableFinished && !this.#down.holdsBytes;
  }

  closed(): void {
    if (++this.#closedSockets === 2) this.#events.onRelayClosed(this.#failure);
  }

  defect(error: unknown): void {
    this.#events.onDefect(error);
  }
}

/** What one side sends; hears of its socket. */
class Direction implements SocketEvents {
  readonly side: Side;
  readonly from: net.Socket;
  readonly to: net.Socket;
  bytes = 0;
  isEnded = false;
  /** Does it wait for the other side to take what it was sent? */
  waits = false;
  readonly #relay: Relay;
  readonly #buffer: ReadBuffer | undefined;
  #onDrain: (() => void) | undefined;
  #isPrompt = false;
  /** Undefined: this proxy does not terminate TLS of `from`. */
  readonly #tlsEnding: TlsEnding | undefined;

  /** `side`: of the one that sends. `buffer`: that it reads into. */
  constructor(relay: Relay, side: Side, from: net.Socket, to: net.Socket, buffer?: ReadBuffer) {
    this.#relay = relay;
    this.side = side;
    this.from = from;
    this.to = to;
    this.#buffer = buffer;
    this.#tlsEnding = "tcp" in from ? new TlsEnding(from as TlsOverTcp) : undefined;
  }

  get holdsBytes(): boolean {
    return this.waits || this.to.writableLength > 0 || this.from.readableLength > 0;
  }

  onData(chunk: Buffer): void {
    const { to } = this;
    if (!this.#isPrompt && (this.bytes > 0 || !IS_FIRST_WRITE_PROMPT)) {
      this.#isPrompt = true;
      to.setNoDelay(true);
    }
    this.bytes += chunk.length;
    this.#tlsEnding?.onData();
    this.#relay.moved();
    // A chunk as large as the stream's buffer is "too much" for it even if the kernel has taken it all.
    const isTaken = to.write(chunk) || to.writableLength === 0;
    if (!isTaken) this.#wait();
    if (to.writableLength > 0) this.#buffer?.keep();
  }

  onEnd(): void {
    this.isEnded = true;
    // After an end, a side often closes without its own close_notify.
    if (this.#tlsEnding?.isCut === true && !this.#relay.hasOtherEnded(this)) this.#relay.passOnCut(this);
    else this.#relay.passOnEnd(this);
  }

  onError(error: Error): void {
    this.#relay.failed(this, error);
  }

  onClose(): void {
    this.#buffer?.release();
    this.#relay.closed();
  }

  onDefect(error: unknown): void {
    this.#relay.defect(error);
  }

  #wait(): void {
    this.waits = true;
    this.#tlsEnding?.onPause();
    this.from.pause();
    if (this.#onDrain !== undefined) return;
    this.#onDrain = () => {
      this.waits = false;
      this.#tlsEnding?.onPause();
      this.#relay.moved();
      this.from.resume();
    };
    this.to.on("drain", this.#onDrain);
  }
}

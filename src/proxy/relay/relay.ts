/**
 * Moves bytes between two connected sockets, of TCP or of TLS over it, until both directions have ended.
 *
 * A direction's end is passed on as an end, a reset as a reset; a side that does not read makes the other wait, so that
 * each direction holds two stream buffers at most (64 KiB each) and one read. It never looks at the bytes.
 */
import type net from "node:net";
import { abort } from "./socket-options.ts";

export type Side = "client" | "backend";

export interface RelayEvents {
  /** A byte moved, or one side has ended. */
  activity(): void;
  /** Both sockets are closed. `failure`: what broke first, if anything did. */
  closed(failure: { readonly side: Side; readonly error: Error } | undefined): void;
}

interface Direction {
  readonly from: net.Socket;
  readonly to: net.Socket;
  bytes: number;
  ended: boolean;
}

export class Relay {
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #events: RelayEvents;
  #failure: { readonly side: Side; readonly error: Error } | undefined;
  #closedSockets = 0;

  /** Both sockets are connected and not destroyed. `head`: what the client has sent already. */
  constructor(client: net.Socket, backend: net.Socket, head: Buffer, events: RelayEvents) {
    this.#events = events;
    this.#up = { from: client, to: backend, bytes: 0, ended: false };
    this.#down = { from: backend, to: client, bytes: 0, ended: false };
    this.#watch("client", client, backend);
    this.#watch("backend", backend, client);
    if (head.length > 0) this.#forward(this.#up, head);
    // Whoever has ended before, the client while the backend was dialled or the backend with its handshake, ends no more.
    if (client.readableEnded) this.#end(this.#up);
    if (backend.readableEnded) this.#end(this.#down);
    this.#join(this.#up);
    this.#join(this.#down);
  }

  get bytesIn(): number {
    return this.#up.bytes;
  }

  get bytesOut(): number {
    return this.#down.bytes;
  }

  /** Has either side sent all it has to send? */
  get isHalfClosed(): boolean {
    return this.#up.ended || this.#down.ended;
  }

  #watch(side: Side, socket: net.Socket, other: net.Socket): void {
    const fail = (error: Error) => {
      this.#failure ??= { side, error };
      abort(other);
    };
    socket.on("error", fail);
    socket.on("close", () => {
      if (++this.#closedSockets === 2) this.#events.closed(this.#failure);
    });
  }

  #join(direction: Direction): void {
    const { from, to } = direction;
    from.on("data", (chunk: Buffer) => this.#forward(direction, chunk));
    from.on("end", () => this.#end(direction));
    to.on("drain", () => {
      this.#events.activity();
      from.resume();
    });
    if (to.writableNeedDrain) from.pause();
    else from.resume();
  }

  #forward(direction: Direction, chunk: Buffer): void {
    direction.bytes += chunk.length;
    this.#events.activity();
    if (!direction.to.write(chunk)) direction.from.pause();
  }

  #end(direction: Direction): void {
    direction.ended = true;
    this.#events.activity();
    direction.to.end();
  }
}

/**
 * Limits the open connections of a server. Above the limit, the connection that has been idle longest is reset, so that many idle
 * peers can neither exhaust descriptors nor block a probe. Does not open connections.
 */
import type { Server, Socket } from "node:net";

/** A socket, or the TLS or HTTP/2 object that represents the same connection. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

interface Connection {
  readonly socket: Socket;
  /** Requests or streams in progress. */
  work: number;
}

export class ConnectionCap {
  readonly #max: number;
  /** Ordered by the time at which they became idle or were opened. */
  readonly #connections = new Map<string, Connection>();

  constructor(server: Server, max: number) {
    this.#max = max;
    server.on("connection", (socket: Socket) => this.#add(socket));
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Counts the connection as busy until the returned function is called, once. */
  startWork(peer: Peer): () => void {
    const key = keyOf(peer);
    const connection = this.#connections.get(key);
    if (connection === undefined) return () => {};
    connection.work++;
    return () => {
      connection.work--;
      if (connection.work > 0 || this.#connections.get(key) !== connection) return;
      this.#connections.delete(key);
      this.#connections.set(key, connection);
    };
  }

  #add(socket: Socket): void {
    const key = keyOf(socket);
    const connection = { socket, work: 0 };
    if (this.#connections.size >= this.#max) this.#evictOne();
    this.#connections.set(key, connection);
    socket.once("close", () => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
  }

  /** Returns the longest idle connection, or else the oldest one: most likely its peer does not read the response. */
  #evictOne(): void {
    let oldest: string | undefined;
    for (const [key, { work }] of this.#connections) {
      oldest ??= key;
      if (work > 0) continue;
      this.#evict(key);
      return;
    }
    if (oldest !== undefined) this.#evict(oldest);
  }

  #evict(key: string): void {
    const connection = this.#connections.get(key);
    this.#connections.delete(key);
    // A reset leaves no TIME_WAIT and does not wait for a peer that does not read.
    connection?.socket.resetAndDestroy();
  }
}

function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}

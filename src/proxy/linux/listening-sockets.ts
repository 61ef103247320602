/**
 * Assigns listening sockets to workers: each socket to its own worker, or to another one while that worker does not run. The kernel
 * distributes connections among all sockets of a port, so that the share of a socket without an accepting worker would wait.
 * At most one worker accepts on a socket at any time; connections that arrive in between wait in the socket's queue.
 */

/** The operations of a worker on listening sockets. */
export interface SocketWorker {
  /** Accepts on the socket immediately, or when the worker runs. */
  acceptOn(fd: number, port: number): void;
  /** Resolves when the worker no longer accepts on the socket, which stays open, or has exited. */
  stopAccepting(fd: number): Promise<void>;
  /** Accepts the connections in the socket's queue, if the worker runs. Resolves when the socket is closed. */
  closeListening(fd: number): Promise<void>;
}

interface Assignment {
  readonly port: number;
  readonly own: number;
  /** The worker that accepts on the socket. */
  current: number;
  /** Resolves when all previous changes are complete. */
  changes: Promise<void>;
}

export class ListeningSockets {
  readonly #workers: readonly SocketWorker[];
  readonly #isRunning: boolean[];
  readonly #assignments = new Map<number, Assignment>();

  /** All workers count as running until `onWorkerLost`. */
  constructor(workers: readonly SocketWorker[]) {
    this.#workers = workers;
    this.#isRunning = workers.map(() => true);
  }

  /** Assigns a socket to its own worker, by index. */
  add(fd: number, port: number, own: number): void {
    const current = this.#chooseWorker(own);
    this.#assignments.set(fd, { port, own, current, changes: Promise.resolve() });
    this.#workers[current]?.acceptOn(fd, port);
  }

  /** Resolves when the socket is closed. */
  async close(fd: number): Promise<void> {
    const assignment = this.#assignments.get(fd);
    if (assignment === undefined) return;
    this.#assignments.delete(fd);
    await assignment.changes;
    await this.#workers[assignment.current]?.closeListening(fd);
  }

  /** Called when the worker has exited: others accept on its sockets. */
  onWorkerLost(index: number): void {
    this.#isRunning[index] = false;
    this.#reassign();
  }

  /** Called when the worker runs again: it accepts on its own sockets. */
  onWorkerRunning(index: number): void {
    this.#isRunning[index] = true;
    this.#reassign();
  }

  #reassign(): void {
    for (const [fd, assignment] of this.#assignments) {
      assignment.changes = assignment.changes.then(() => this.#move(fd, assignment));
    }
  }

  async #move(fd: number, assignment: Assignment): Promise<void> {
    const chosen = this.#chooseWorker(assignment.own);
    if (chosen === assignment.current) return;
    await this.#workers[assignment.current]?.stopAccepting(fd);
    assignment.current = chosen;
    this.#workers[chosen]?.acceptOn(fd, assignment.port);
  }

  /** Returns the socket's own worker, or the next one that runs. If none runs, the own worker accepts after its start. */
  #chooseWorker(own: number): number {
    const count = this.#workers.length;
    for (let offset = 0; offset < count; offset++) {
      const index = (own + offset) % count;
      if (this.#isRunning[index] === true) return index;
    }
    return own;
  }
}

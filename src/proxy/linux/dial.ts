/**
 * One connection's way to a backend in this engine: tries endpoints in order until one answers, or races them when they are
 * the addresses of one host (RFC 8305).
 *
 * It owns the descriptors of its attempts until one of them is handed over. The first bytes are written as soon as a socket
 * takes them, which is proof that it is connected; where none can be written nothing was sent, and the next may be tried.
 */
import type { Endpoint } from "../../model/proxy-config.ts";
import { type DialFailure, loopMessage } from "../relay/dial.ts";
import { formatAddress } from "../relay/engine.ts";
import type { TimeOuts } from "../relay/time-outs.ts";
import { EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, EMFILE, ENFILE, ETIMEDOUT, errnoName } from "./errno.ts";
import { FAILED, WRITABLE } from "./event-loop.ts";
import type { DialPlan } from "./plan.ts";
import type { Reactor, ReactorOwner } from "./reactor.ts";

export type DialState =
  | { readonly state: "waits" }
  /** `fd` is the caller's now, and registered in its name. */
  | {
      readonly state: "connected";
      readonly fd: number;
      readonly generation: number;
      readonly endpoint: Endpoint;
      /** Is it registered for writing too? */
      readonly watchesWriting: boolean;
    }
  | { readonly state: "failed"; readonly failure: DialFailure; readonly endpoint: Endpoint; readonly message: string };

export interface DialContext {
  readonly reactor: Reactor;
  readonly timeOuts: TimeOuts;
  /** Endpoints of this Gateway itself are skipped. */
  isOwnEndpoint(endpoint: Endpoint): boolean;
}

/** Who is told of the attempts' events. */
export interface DialOwner extends ReactorOwner {
  /** Has the connection first bytes to write? */
  readonly hasHead: boolean;
  /** Writes the connection's first bytes. Returns how many the socket took, or a negative errno: −EAGAIN if there are none. */
  writeHead(fd: number): number;
}

interface Attempt {
  readonly fd: number;
  readonly generation: number;
  readonly endpoint: Endpoint;
  readonly beganAtMs: number;
}

const WAITS: DialState = { state: "waits" };
const NO_ATTEMPTS: readonly Attempt[] = [];

export class Dial {
  readonly #context: DialContext;
  readonly #owner: DialOwner;
  readonly #candidates: readonly Endpoint[];
  /** Infinite: the next attempt begins only when the one before has failed. */
  readonly #attemptDelayMs: number;
  /** Those that wait for an answer: another list with each change. */
  #attempts = NO_ATTEMPTS;
  #next = 0;
  #nextAtMs = Number.POSITIVE_INFINITY;

  constructor({ candidates, race }: DialPlan, context: DialContext, owner: DialOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#candidates = candidates;
    this.#attemptDelayMs = race ? context.timeOuts.attemptDelayMs : Number.POSITIVE_INFINITY;
  }

  begin(nowMs: number): DialState {
    return this.#tryNext(nowMs);
  }

  /** When to call `onDeadline`. */
  get deadlineMs(): number {
    const { connectMs } = this.#context.timeOuts;
    return this.#attempts.reduce((soonest, { beganAtMs }) => Math.min(soonest, beganAtMs + connectMs), this.#nextAtMs);
  }

  /** An event of one of its attempts. */
  onEvent(fd: number, events: number, nowMs: number): DialState {
    const attempt = this.#attempts.find((one) => one.fd === fd);
    if (attempt === undefined) return WAITS;
    const errno = (events & FAILED) === 0 ? 0 : this.#context.reactor.libc.pendingError(fd);
    if (errno !== 0) return this.#fail(attempt, errno, nowMs);
    if ((events & WRITABLE) === 0) return WAITS;
    const written = this.#owner.writeHead(fd);
    return written >= 0 || written === -EAGAIN ? this.#succeed(attempt, true) : this.#fail(attempt, -written, nowMs);
  }

  onDeadline(nowMs: number): DialState {
    const { connectMs } = this.#context.timeOuts;
    for (const attempt of this.#attempts) {
      if (attempt.beganAtMs + connectMs > nowMs) continue;
      const message = `no answer within ${connectMs} ms`;
      const state = this.#giveUp(attempt, "backend_timeout", message, nowMs);
      if (state.state !== "waits") return state;
    }
    return this.#nextAtMs <= nowMs ? this.#tryNext(nowMs) : WAITS;
  }

  /** Closes every attempt that has not been handed over. */
  cancel(): void {
    for (const { fd } of this.#attempts) this.#context.reactor.descriptors.close(fd);
    this.#attempts = NO_ATTEMPTS;
    this.#next = this.#candidates.length;
    this.#nextAtMs = Number.POSITIVE_INFINITY;
  }

  #tryNext(nowMs: number): DialState {
    const endpoint = this.#candidates[this.#next++];
    const hasMore = this.#next < this.#candidates.length;
    this.#nextAtMs = hasMore ? nowMs + this.#attemptDelayMs : Number.POSITIVE_INFINITY;
    return endpoint === undefined ? WAITS : this.#attempt(endpoint, nowMs);
  }

  #attempt(endpoint: Endpoint, nowMs: number): DialState {
    if (this.#context.isOwnEndpoint(endpoint)) {
      return this.#failed("backend_loop", endpoint, loopMessage(endpoint), nowMs);
    }
    const { address, descriptors, endpointAddresses, libc, loop } = this.#context.reactor;
    const length = endpointAddresses.write(endpoint);
    if (length === 0) return this.#failed("backend_unreachable", endpoint, connectMessage("EINVAL", endpoint), nowMs);
    const fd = this.#openSocket(endpoint);
    if (fd < 0) return this.#failed(failureOf(-fd), endpoint, connectMessage(errnoName(-fd), endpoint), nowMs);
    const generation = descriptors.take(fd, this.#owner);
    const attempt: Attempt = { fd, generation, endpoint, beganAtMs: nowMs };
    this.#attempts = this.#attempts.length === 0 ? [attempt] : [...this.#attempts, attempt];
    libc.sendAtOnce(fd);
    libc.setOption(fd, "urgent_inline", 1);
    // The last ACK of the handshake goes with the first bytes; the kernel acknowledges what the backend sends at once, as ever.
    if (this.#owner.hasHead) libc.delayAcks(fd);
    const result = libc.connect(fd, address, length);
    if (result < 0 && result !== -EINPROGRESS) return this.#fail(attempt, -result, nowMs);
    // Within one machine the handshake is often done by now.
    const written = this.#owner.writeHead(fd);
    if (written < 0 && written !== -EAGAIN) return this.#fail(attempt, -written, nowMs);
    if (written < 0) {
      loop.add(fd, generation);
      return WAITS;
    }
    loop.addForReading(fd, generation);
    return this.#succeed(attempt, false);
  }

  /** The descriptor, or a negative errno. Idle pipes give way to connections. */
  #openSocket({ address }: Endpoint): number {
    const { descriptors, libc, pipes } = this.#context.reactor;
    const family = address.includes(":") ? 6 : 4;
    let fd = libc.socket(family);
    if ((fd === -EMFILE || fd === -ENFILE) && pipes.releaseIdle()) fd = libc.socket(family);
    if (fd < 0 || descriptors.fits(fd)) return fd;
    libc.close(fd);
    return -EMFILE;
  }

  #succeed(winner: Attempt, watchesWriting: boolean): DialState {
    const { fd, generation, endpoint } = winner;
    for (const attempt of this.#attempts) {
      if (attempt !== winner) this.#context.reactor.descriptors.close(attempt.fd);
    }
    this.#attempts = NO_ATTEMPTS;
    this.#next = this.#candidates.length;
    return { state: "connected", fd, generation, endpoint, watchesWriting };
  }

  #fail(attempt: Attempt, errno: number, nowMs: number): DialState {
    return this.#giveUp(attempt, failureOf(errno), connectMessage(errnoName(errno), attempt.endpoint), nowMs);
  }

  #giveUp(attempt: Attempt, failure: DialFailure, message: string, nowMs: number): DialState {
    this.#attempts = this.#attempts.filter((one) => one !== attempt);
    this.#context.reactor.descriptors.close(attempt.fd);
    return this.#failed(failure, attempt.endpoint, message, nowMs);
  }

  #failed(failure: DialFailure, endpoint: Endpoint, message: string, nowMs: number): DialState {
    if (this.#next < this.#candidates.length) return this.#tryNext(nowMs);
    return this.#attempts.length > 0 ? WAITS : { state: "failed", failure, endpoint, message };
  }
}

/** In Node's words, so that both engines say the same. */
function connectMessage(code: string, endpoint: Endpoint): string {
  return `connect ${code} ${formatAddress(endpoint.address, endpoint.port)}`;
}

function failureOf(errno: number): DialFailure {
  switch (errno) {
    case ECONNREFUSED:
      return "backend_refused";
    case ETIMEDOUT:
      return "backend_timeout";
    case ECONNRESET:
      return "backend_reset";
    // No descriptor left for the backend's side: the proxy's own limit.
    case EMFILE:
    case ENFILE:
      return "connection_limit";
    default:
      return "backend_unreachable";
  }
}

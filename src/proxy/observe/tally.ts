/**
 * Many ended connections as sums: what the metrics need of them, in a form that is cheap to add to and to send from one thread
 * to another. Pure; it keeps no single connection.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import type { Bytes } from "./moved-bytes.ts";

/** Upper bounds in seconds; what is longer is counted behind the last. */
export const HELLO_AND_CONNECT_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
export const LIFETIME_SECONDS: readonly number[] = [0.01, 0.1, 1, 10, 60, 300, 1_800, 3_600, 21_600, 86_400];

/** How many durations fell into each bucket alone, and the last number those above all. */
export interface Durations {
  readonly counts: number[];
  sumSeconds: number;
}

/** Connections of one listener that ended by one reason. */
export interface TallySum {
  /** Absent: none had taken them. */
  readonly listener?: string;
  readonly reason: ConnectionReason;
  connections: number;
  /** Without what was told while they were open. */
  bytesIn: number;
  bytesOut: number;
}

export interface Tally {
  readonly sums: readonly TallySum[];
  readonly hello: Durations;
  readonly connect: Durations;
  readonly lifetime: Durations;
}

/** What is counted of a connection. */
export interface EndedConnection
  extends Pick<ConnectionRecord, "path" | "reason" | "bytesIn" | "bytesOut" | "durationMs"> {
  readonly counted?: Bytes | undefined;
  readonly helloMs?: number | undefined;
  readonly connectMs?: number | undefined;
}

export class Tallying {
  #sums = new Map<string | undefined, Map<ConnectionReason, TallySum>>();
  #hello = noDurations(HELLO_AND_CONNECT_SECONDS);
  #connect = noDurations(HELLO_AND_CONNECT_SECONDS);
  #lifetime = noDurations(LIFETIME_SECONDS);

  add({ path, reason, bytesIn, bytesOut, counted, helloMs, connectMs, durationMs }: EndedConnection): void {
    const sum = this.#sumOf(path.listener, reason);
    sum.connections++;
    sum.bytesIn += bytesIn - (counted?.bytesIn ?? 0);
    sum.bytesOut += bytesOut - (counted?.bytesOut ?? 0);
    if (helloMs !== undefined) addDuration(this.#hello, HELLO_AND_CONNECT_SECONDS, helloMs / 1_000);
    if (connectMs !== undefined) addDuration(this.#connect, HELLO_AND_CONNECT_SECONDS, connectMs / 1_000);
    addDuration(this.#lifetime, LIFETIME_SECONDS, durationMs / 1_000);
  }

  /** What has been added since the last time. */
  take(): Tally {
    const sums = [...this.#sums.values()].flatMap((byReason) => [...byReason.values()]);
    const taken = { sums, hello: this.#hello, connect: this.#connect, lifetime: this.#lifetime };
    this.#sums = new Map();
    this.#hello = noDurations(HELLO_AND_CONNECT_SECONDS);
    this.#connect = noDurations(HELLO_AND_CONNECT_SECONDS);
    this.#lifetime = noDurations(LIFETIME_SECONDS);
    return taken;
  }

  #sumOf(listener: string | undefined, reason: ConnectionReason): TallySum {
    let byReason = this.#sums.get(listener);
    if (byReason === undefined) {
      byReason = new Map();
      this.#sums.set(listener, byReason);
    }
    let sum = byReason.get(reason);
    if (sum === undefined) {
      sum = { ...(listener === undefined ? {} : { listener }), reason, connections: 0, bytesIn: 0, bytesOut: 0 };
      byReason.set(reason, sum);
    }
    return sum;
  }
}

export function noDurations(bounds: readonly number[]): Durations {
  return { counts: new Array<number>(bounds.length + 1).fill(0), sumSeconds: 0 };
}

export function addDuration(durations: Durations, bounds: readonly number[], seconds: number): void {
  let index = 0;
  while (index < bounds.length && seconds > (bounds[index] ?? 0)) index++;
  durations.counts[index] = (durations.counts[index] ?? 0) + 1;
  durations.sumSeconds += seconds;
}

/** How many connections there were. */
export function countOf({ sums }: Tally): number {
  return sums.reduce((count, { connections }) => count + connections, 0);
}

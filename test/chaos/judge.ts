/** Was a fault borne? Pure: what was counted and measured in, what was missed out. */
import type { FaultOutcome } from "./fault.ts";
import type { LoadAccount, Mishap } from "./load.ts";

/** Everything is as it was so soon after the fault's end, without anybody's help. */
export const MOST_CONVERGED_MS = 30_000;

/** One line of the table. */
export interface Row {
  readonly fault: string;
  readonly title: string;
  readonly cuts: string;
  /** Short connections, all of them. */
  readonly connections: number;
  readonly failed: number;
  readonly longestGapMs: number;
  readonly longOpened: number;
  readonly longEnded: number;
  /** From the fault's end. */
  readonly convergedAfterMs: number;
  readonly facts: Readonly<Record<string, string>>;
  /** Sentences; empty when everything was as it must be. */
  readonly missed: readonly string[];
}

/** What is not as it must be, in sentences. */
export function missed({ allowed }: FaultOutcome, load: LoadAccount, convergedAfterMs: number): readonly string[] {
  const isAllowed = ({ atMs, reason }: Mishap) =>
    allowed !== undefined && atMs >= allowed.fromMs && atMs <= allowed.untilMs && allowed.reasons.test(reason);
  const failures = load.failures.filter((mishap) => !isAllowed(mishap));
  const mayEnd = allowed?.longEnded ?? 0;
  const { ended } = load.long;
  return [
    ...(failures.length > 0
      ? [`${failures.length} connections failed that the fault did not cut: ${list(failures)}`]
      : []),
    ...(ended.length !== mayEnd ? [`${ended.length} long connections ended, not ${mayEnd}: ${list(ended)}`] : []),
    ...(convergedAfterMs > MOST_CONVERGED_MS ? [`converged ${convergedAfterMs} ms after the end of the fault`] : []),
    ...(load.answered === 0 ? ["no connection was answered"] : []),
  ];
}

/** By reason, with the times of the first and the last. */
function list(mishaps: readonly Mishap[]): string {
  const byReason = Object.entries(Object.groupBy(mishaps, ({ reason }) => reason));
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23);
  return byReason
    .map(([reason, some = []]) => {
      const times = some.map(({ atMs }) => atMs);
      return `${some.length} × ${reason} (${clock(Math.min(...times))} to ${clock(Math.max(...times))})`;
    })
    .join(", ");
}

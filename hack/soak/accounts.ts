/**
 * Whether every connection of the load is among those that the proxy says have ended, for the reason it should have. Pure.
 */
import type { ConnectionReason } from "../../src/model/connection-reason.ts";

/** How the connections of one act went, as the load tells (hack/bench/load/soak.go). */
export interface Told {
  readonly done: number;
  readonly failures: Readonly<Record<string, number>>;
}

export interface Entry {
  readonly acts: readonly string[];
  readonly reasons: readonly ConnectionReason[];
  /** As the load has counted, whatever it thinks of them. */
  readonly made: number;
  readonly ended: number;
}

/** Which acts may end for which reasons. A client that leaves without reading all is a reset to the kernel (tcp(7), RFC 9293 3.6.1). */
const EXPECTED: readonly (readonly [acts: readonly string[], reasons: readonly ConnectionReason[]])[] = [
  [
    [
      ...["answered", "handshake", "hello in pieces", "round trips", "echo with half-close", "stays idle"],
      ...["download, then leave", "slow reader", "resets in the middle"],
    ],
    ["completed", "client_reset"],
  ],
  [["backend resets"], ["backend_reset"]],
  [["backend refuses"], ["backend_refused"]],
  [["unknown name"], ["no_matching_route"]],
  [["not TLS"], ["not_tls"]],
  [["malformed hello"], ["malformed_client_hello", "client_hello_too_large"]],
  [["half a hello, then end", "half a hello, then reset"], ["client_closed_early"]],
];

/** One entry for each kind of end, and one for whatever nobody expected. */
export function settle(acts: Readonly<Record<string, Told>>, reasons: ReadonlyMap<string, number>): readonly Entry[] {
  const known = EXPECTED.map(([names, ends]): Entry => ({ acts: names, reasons: ends, ...counts(names, ends) }));
  const expectedReasons = new Set<string>(EXPECTED.flatMap(([, ends]) => ends));
  const others = [...reasons].filter(([reason, count]) => !expectedReasons.has(reason) && count > 0);
  const strangers = Object.keys(acts).filter((name) => !EXPECTED.some(([names]) => names.includes(name)));
  if (others.length === 0 && strangers.length === 0) return known;
  const rest = others.map(([reason]) => reason as ConnectionReason);
  return [...known, { acts: strangers, reasons: rest, ...counts(strangers, rest) }];

  function counts(names: readonly string[], ends: readonly string[]): Pick<Entry, "made" | "ended"> {
    const made = names.reduce((sum, name) => sum + madeBy(acts[name]), 0);
    return { made, ended: ends.reduce((sum, reason) => sum + (reasons.get(reason) ?? 0), 0) };
  }
}

export function isSettled({ acts, made, ended }: Entry): boolean {
  return made === ended && acts.length > 0;
}

function madeBy(told: Told | undefined): number {
  if (told === undefined) return 0;
  return Object.values(told.failures).reduce((sum, count) => sum + count, told.done);
}

/** How many connections have ended for each reason, from the metrics' text. */
export function endedByReason(metrics: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [, reason = "", count] of metrics.matchAll(
    /^fsm_gateway_connections_total\{[^}]*reason="([a-z_]+)"[^}]*\} (\d+)$/gm,
  )) {
    found.set(reason, (found.get(reason) ?? 0) + Number(count));
  }
  return found;
}

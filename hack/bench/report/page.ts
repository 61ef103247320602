/**
 * docs/performance.md: every figure in it comes from one run of the bench. Pure.
 * What people have written below the marker is kept; the rest is written anew.
 */
import type { Contender } from "../contenders/contender.ts";
import type { Pace } from "../measure/laboratory.ts";
import { TOLERATED_FOREIGN_CORES } from "../measure/patience.ts";
import type { Results } from "../results.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { compare, comparisonTable } from "./comparisons.ts";
import type { Machine } from "./machine.ts";
import { asMarkdown, BASELINE, tablesOf } from "./table.ts";

export const HANDWRITTEN_MARKER = "<!-- What follows is written by hand, and kept when the bench writes the rest. -->";

export interface RunDescription {
  readonly date: Date;
  readonly machine: Machine;
  readonly contenders: readonly Contender[];
  readonly scenarios: readonly Scenario[];
  /** Of all the bench has, those that this run did not do. */
  readonly leftOut: readonly Scenario[];
  readonly rounds: number;
  readonly pace: Pace;
  readonly precedence: boolean;
  readonly interrupted: boolean;
}

export function performancePage(run: RunDescription, results: Results, before: string | undefined): string {
  const comparisons = compare(results.rows);
  const parts = [
    "# Performance",
    "Written by `npm run bench`; every figure here comes from one run of it, and is to be read as a ratio within that run.",
    "## Ours against theirs",
    comparisons.length === 0
      ? "None of our engines was measured."
      : asMarkdown(comparisonTable(comparisons)).split("\n").slice(2).join("\n"),
    "## How it is measured",
    method(run, results),
    "## Contenders",
    run.contenders.map(({ name, title, setting }) => `- **${name}**: ${title}; ${setting}.`).join("\n"),
    "## Figures",
    `Median, range of the samples, and the ratio to ${BASELINE}. \`direct\` is the load without a proxy.`,
    ...tablesOf(run.scenarios, results).map(asMarkdown),
    "## What is not here",
    missing(run, results),
    HANDWRITTEN_MARKER,
  ];
  return `${parts.join("\n\n")}\n${handwritten(before)}`;
}

function handwritten(before: string | undefined): string {
  const at = before?.indexOf(HANDWRITTEN_MARKER) ?? -1;
  return before === undefined || at < 0 ? "" : before.slice(at + HANDWRITTEN_MARKER.length).replace(/^\n/, "");
}

const PRECEDENCE = ` The machine was
  shared: all that was measured ran before other programs (niceness −15), which still cost it cache.`;

function method({ date, machine, rounds, pace, precedence }: RunDescription, { disturbed }: Results): string {
  return `- ${date.toISOString().slice(0, 10)}, commit ${machine.commit}; ${machine.processors} × ${machine.processor}, ${machine.memoryGib} GiB,
  Linux ${machine.kernel}, Node ${machine.node}, Go ${machine.go} for load and backends.
- The proxy is pinned to one processor; load, backends and the driver share the others. All of it is loopback: no network card, no
  interrupts, and a generator that tires before some of the proxies do. So processor time for each unit of work says more than rates.
- Processor time is user and system time of the proxy's processes with all threads, from \`/proc/PID/stat\`, between the edges of
  a window in which the work is counted; at both edges the load stands still while it is read. Memory is the proportional set from
  \`/proc/PID/smaps_rollup\`.
- Everything runs as ${machine.root ? "root, whose pipes the kernel does not limit (`fs.pipe-user-pages-soft`)" : "an ordinary user, whose pipes the kernel limits (`fs.pipe-user-pages-soft`)"}.
- In each round every contender is measured once, each round beginning with another one; scenarios that need a fresh process start one for each
  sample. ${rounds} ${rounds === 1 ? "round" : "rounds"} (the large tables at most 3), windows of ${pace.windowMs} ms after ${pace.warmUpMs} ms of warm-up, ${pace.idleConnections.toLocaleString("en")} idle connections.
- Before its first sample each contender carries new connections for ${pace.settleMs / 1000} s that are not measured: a proxy runs for days, and what is compiled as it
  runs costs more in its first seconds. What a fresh process costs is in the scenarios that start one (change, start).
- The hello is a real one (TLS 1.3 with a post-quantum key share, 1.5 KB). Sixteen backends on 127.2.0.1–16 answer it, each with a letter of its own: an
  answer from the wrong backend is a failure. Before it is measured, each contender must pass on 32 hellos rightly, echo 4 MB unchanged, pass a half-close
  on, and carry a TLS handshake. What fails while measured is counted, and marks the contender as broken.
- ${disturbed.samples} of ${disturbed.of} samples were taken while other programs used more than ${TOLERATED_FOREIGN_CORES} of a processor.${precedence ? PRECEDENCE : ""}`;
}

function missing({ leftOut, interrupted }: RunDescription, { gaps }: Results): string {
  const lines = [
    ...(interrupted ? ["- The run was interrupted: later scenarios and rounds are missing."] : []),
    ...gaps.map(
      ({ scenario, contender, why }) => `- ${contender}${scenario === undefined ? "" : `, ${scenario}`}: ${why}`,
    ),
    ...leftOut.map(({ id, title }) => `- Not run: ${id} (${title}).`),
  ];
  return lines.length === 0 ? "Nothing was left out." : lines.join("\n");
}

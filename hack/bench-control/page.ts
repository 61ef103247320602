/** docs/control-performance.md: every figure in it comes from one run. What people wrote below the marker is kept. Pure. */
import { number } from "../bench/report/table.ts";
import type { Row } from "./rows.ts";
import type { Scenario } from "./scenario.ts";

export const HANDWRITTEN_MARKER = "<!-- What follows is written by hand, and kept when the bench writes the rest. -->";

export interface ControlRun {
  readonly date: Date;
  readonly machine: {
    readonly processor: string;
    readonly processors: number;
    readonly memoryGib: number;
    readonly kernel: string;
    readonly node: string;
    readonly commit: string;
  };
  readonly kubernetes: string;
  readonly quick: boolean;
}

/** What came of one scenario: rows, or why there are none. */
export interface Outcome {
  readonly scenario: Pick<Scenario, "id" | "title">;
  readonly rows: readonly Row[];
  readonly failure?: string;
}

export function controlPage(run: ControlRun, outcomes: readonly Outcome[], before: string | undefined): string {
  const goals = outcomes.flatMap(({ rows }) => rows).filter(({ goal }) => goal !== undefined);
  const missed = goals.filter((row) => row.missed);
  const parts = [
    "# Performance of the control plane",
    "Written by `npm run bench:control`; every figure here comes from one run of it.",
    `${goals.length - missed.length} of ${goals.length} goals were met.${missed.length === 0 ? "" : ` Missed: ${missed.map(({ metric }) => `\`${metric}\``).join(", ")}.`}`,
    "## How it is measured",
    method(run),
    ...outcomes.map(section),
    HANDWRITTEN_MARKER,
  ];
  return `${parts.join("\n\n")}\n${handwritten(before)}`;
}

function method({ date, machine, kubernetes, quick }: ControlRun): string {
  return `- ${date.toISOString().slice(0, 10)}, commit ${machine.commit}; ${machine.processors} × ${machine.processor}, ${machine.memoryGib} GiB, Linux ${machine.kernel},
  Node ${machine.node}, Kubernetes ${kubernetes}.${quick ? " A quick run: a tenth of everything." : ""}
- Each scenario has a fresh cluster of \`hack/cluster\`: one node with etcd, API server and kubelet, the built image, the manifest as users apply
  it (two operators), PodSecurity \`restricted\`, one proxy. Everything shares the machine's processors, the client too.
- The client is one Node process outside the cluster. A connection is a ClientHello and the backend's whole answer; which backend it was, the
  answer says. Until a change serves, the client connects again and again, 1 ms after each refusal. Time counts from the API server's answer.
- \`attachedRoutes\` is polled every 10 ms. Status writes are those that the operators' own metrics count. CPU and resident memory are from
  \`/proc\` of the leading operator's and the proxy's process.
- Quantiles are of the nearest rank: values that were measured. A row with one sample is one measurement.`;
}

function section({ scenario, rows, failure }: Outcome): string {
  const title = `## ${scenario.id}: ${scenario.title}`;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [
    line(["", "unit", "p50", "p99", "min", "max", "samples", "goal"]),
    line(["---", "---", "---", "---", "---", "---", "---", "---"]),
    ...rows.map((row) => line(cells(scenario.id, row))),
  ].join("\n");
  return [
    title,
    ...(rows.length > 0 ? [table] : []),
    ...(failure === undefined ? [] : [`**Failed:** ${failure}`]),
  ].join("\n\n");
}

function cells(
  scenario: string,
  { metric, unit, median, p99, min, max, samples, goal, missed }: Row,
): readonly string[] {
  const judged = goal === undefined ? "" : `${goal}: ${missed ? "**missed**" : "met"}`;
  const spread = samples === 1 ? ["", "", ""] : [p99, min, max].map(number);
  return [metric.slice(scenario.length + 1), unit, number(median), ...spread, String(samples), judged];
}

function handwritten(before: string | undefined): string {
  const at = before?.indexOf(HANDWRITTEN_MARKER) ?? -1;
  return before === undefined || at < 0 ? "" : before.slice(at + HANDWRITTEN_MARKER.length).replace(/^\n/, "");
}

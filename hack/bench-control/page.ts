/** docs/control-performance.md: a section for each scenario, from one run. What people wrote below the marker is kept. Pure. */
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
  /** Of the last minute. */
  readonly load: number;
}

/** What came of one scenario: rows, or why there are none. */
export interface Outcome {
  readonly scenario: Pick<Scenario, "id" | "title">;
  readonly rows: readonly Row[];
  readonly failure?: string;
}

/** Sections of scenarios that this run did not do stay as they are in `before`. `order`: the ids of all scenarios. */
export function controlPage(
  run: ControlRun,
  outcomes: readonly Outcome[],
  order: readonly string[],
  before: string | undefined,
): string {
  const [measured = "", handwritten = ""] = (before ?? "").split(`${HANDWRITTEN_MARKER}\n`);
  const sections = new Map(
    measured.split(/^(?=## \S+: )/m).map((text) => [/^## (\S+): /.exec(text)?.[1], text.trim()]),
  );
  for (const outcome of outcomes) sections.set(outcome.scenario.id, section(run, outcome));
  const parts = [
    "# Performance of the control plane",
    "Written by `npm run bench:control`. Every section comes from one run, and says which.",
    "## How it is measured",
    METHOD,
    ...order.flatMap((id) => sections.get(id) ?? `## ${id}: not measured`),
    HANDWRITTEN_MARKER,
  ];
  return `${parts.join("\n\n")}\n${handwritten}`;
}

const METHOD = `- Each scenario has a fresh cluster of \`hack/cluster\`: one node with etcd, API server and kubelet, the built image, the manifest as users apply
  it (two operators), PodSecurity \`restricted\`, one proxy. Everything shares the machine's processors, the client too.
- The client is one Node process outside the cluster. A connection is a ClientHello and the backend's whole answer; which backend it was, the
  answer says. Until a change serves, the client connects again and again, 3 ms after each refusal. Time counts from the API server's answer.
- \`attachedRoutes\` is polled every 10 ms. Status writes are those that the operators' own metrics count. CPU and resident memory are from
  \`/proc\` of the leading operator's and the proxy's process.
- Rest begins two minutes after the last change and is measured for two minutes (but for rest before anything was created: 15 s): V8 collects what
  work has left when it has collected nothing for some 100 s, and it would be chance whether a shorter time has that in it.
- Quantiles are of the nearest rank: values that were measured. A row with one sample is one measurement.
- Load is what the machine's run queue was in the minute before the end (\`/proc/loadavg\`): beyond the number of processors, others were at work.`;

function conditionsOf({ date, machine, kubernetes, quick, load }: ControlRun): string {
  return `${date.toISOString().slice(0, 10)}, commit ${machine.commit}; ${machine.processors} × ${machine.processor}, ${machine.memoryGib} GiB, load ${load.toFixed(1)},
Linux ${machine.kernel}, Node ${machine.node}, Kubernetes ${kubernetes}.${quick ? " A quick run: a tenth of everything." : ""}`;
}

function section(run: ControlRun, { scenario, rows, failure }: Outcome): string {
  const title = `## ${scenario.id}: ${scenario.title}`;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [
    line(["", "unit", "p50", "p99", "min", "max", "samples", "goal"]),
    line(["---", "---", "---", "---", "---", "---", "---", "---"]),
    ...rows.map((row) => line(cells(scenario.id, row))),
  ].join("\n");
  return [
    title,
    conditionsOf(run),
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

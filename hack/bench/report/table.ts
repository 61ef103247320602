/** Tables of figures: for each scenario the contenders below each other, with ratios to the baseline. Pure. */
import { CONTENDER_NAMES, type ContenderName } from "../contenders/contender.ts";
import { ratio } from "../measure/statistics.ts";
import type { Gap, Results, Row } from "../results.ts";
import type { Metric, Scenario } from "../scenarios/scenario.ts";

/** Ratios are to this contender. */
export const BASELINE: ContenderName = "haproxy";

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** What must be said below it. */
  readonly notes: readonly string[];
}

/** Scenarios of which nothing is known have no table. */
export function tablesOf(scenarios: readonly Scenario[], results: Results): readonly Table[] {
  return scenarios.map((scenario) => tableOf(scenario, results)).filter(({ lines }) => lines.length > 0);
}

function tableOf(scenario: Scenario, { rows, gaps, failures }: Results): Table {
  const figure = (metric: Metric, contender: ContenderName) =>
    rows.find((row) => row.metric === `${scenario.id}.${metric.id}` && row.contender === contender);
  const gapOf = (contender: ContenderName) =>
    gaps.find((gap) => gap.contender === contender && concerns(gap, scenario));
  const cells = (contender: ContenderName) =>
    scenario.metrics.map((metric) => cell(figure(metric, contender), figure(metric, BASELINE)));
  // A contender may be missing from the start, or break off between two rounds: then it has figures and a note.
  const measured = CONTENDER_NAMES.filter((name) => scenario.metrics.some((metric) => figure(metric, name)));
  const missing = CONTENDER_NAMES.filter((name) => !measured.includes(name) && gapOf(name) !== undefined);
  const lines = [
    ...measured.map((name) => [marked(name, scenario, failures), ...cells(name)]),
    ...missing.map((name) => [name, ...scenario.metrics.map(() => "–")]),
  ];
  return {
    title: scenario.title,
    header: ["", ...scenario.metrics.map(({ label, unit }) => `${label}, ${unit}`)],
    lines: measured.length === 0 && missing.length === 0 ? [] : lines,
    notes: [
      ...CONTENDER_NAMES.flatMap((name) => gapOf(name) ?? []).map(({ contender, why }) => `${contender}: ${why}`),
      ...failures
        .filter((failure) => failure.scenario === scenario.id)
        .map(({ contender, seen }) => `${contender} is broken here, its figures are no more than hints: ${seen}`),
    ],
  };
}

function concerns(gap: Gap, { id }: Scenario): boolean {
  return gap.scenario === undefined || gap.scenario === id;
}

function marked(contender: ContenderName, { id }: Scenario, failures: Results["failures"]): string {
  const broken = failures.some((failure) => failure.scenario === id && failure.contender === contender);
  return broken ? `${contender} (broken)` : contender;
}

/** `0.495 [0.480–0.512] ×1.00`: median, range of the samples, ratio to the baseline. */
function cell(row: Row | undefined, base: Row | undefined): string {
  if (row === undefined) return "–";
  const range = row.samples > 1 ? ` [${number(row.min)}–${number(row.max)}]` : "";
  const times = ratio(row.median, base?.median);
  return `${number(row.median)}${range}${times === undefined ? "" : ` ×${times.toFixed(2)}`}`;
}

/** Three digits that count. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}

export function asText({ title, header, lines, notes }: Table): string {
  const all = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...all.map((line) => (line[column] ?? "").length)));
  const padded = all.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
  return [title, ...padded, ...notes.map((note) => `* ${note}`)]
    .map((line, i) => (i === 0 ? line : `  ${line}`))
    .join("\n");
}

export function asMarkdown({ title, header, lines, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(header.map(() => "---"));
  const table = [line(header), rule, ...lines.map(line)].join("\n");
  return [`### ${title}`, table, ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join("\n")])].join(
    "\n\n",
  );
}

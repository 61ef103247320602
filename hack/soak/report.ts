/** What a soak has found, as tables in Markdown. Pure. */
import { type Entry, isSettled } from "./accounts.ts";
import { type CrowdResult, MOST_RATIO } from "./crowd.ts";
import type { MixedResult } from "./mixed.ts";
import type { Finding } from "./verdict.ts";

export function mixedReport(result: MixedResult): string {
  const { acts, entries, findings, seconds, cpuSeconds, reloads, skipped, complaints } = result;
  const of = Object.values(acts);
  const done = of.reduce((sum, one) => sum + one.done, 0);
  const failed = of.flatMap(({ failures }) => Object.values(failures)).reduce((sum, count) => sum + count, 0);
  return [
    `${count(done + failed)} connections in ${(seconds / 60).toFixed(1)} min, ${failed} of them not as they should be, ${reloads} reloads,`,
    `${(cpuSeconds / seconds).toFixed(3)} of a processor for the proxy${skipped > 0 ? `, ${skipped} skipped` : ""}.\n`,
    table(["what is held", "early", "late", "at most", ""], findings.map(rowOf)),
    table(["connections", "made", "ended", "as", ""], entries.map(entryRow)),
    ...complaints,
  ].join("\n");
}

export function crowdReport({ rounds, ratio, complaints }: CrowdResult): string {
  const rows = rounds.map((round, index) => [
    String(index + 1),
    `${round.calmMedian.toFixed(2)} / ${round.crowdedMedian.toFixed(2)} ms`,
    `${round.calmP99.toFixed(2)} ms`,
    `${round.crowdedP99.toFixed(2)} ms`,
    `${round.calmCores.toFixed(2)} / ${round.crowdedCores.toFixed(2)}`,
    count(round.socketsHeld),
    `${Math.round(round.pssKibHeld / 1024)} MiB`,
    JSON.stringify(round.failures),
  ]);
  return [
    table(
      [
        "round",
        "median without / with",
        "p99 without",
        "p99 with",
        "processors without / with",
        "sockets held",
        "PSS",
        "failures",
      ],
      rows,
    ),
    `p99 with the crowd is ${ratio.toFixed(2)} times that without; at most ${MOST_RATIO} is good.`,
    ...complaints,
  ].join("\n");
}

function rowOf({ what, early, late, most, isGood }: Finding): readonly string[] {
  return [what, count(early), count(late), count(most), isGood ? "" : "MISSED"];
}

function entryRow(entry: Entry): readonly string[] {
  const { acts, reasons, made, ended } = entry;
  return [acts.join("; "), count(made), count(ended), reasons.join(", "), isSettled(entry) ? "" : "MISSED"];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}

const count = (value: number): string => Math.round(value).toLocaleString("en");

/** The rows as Markdown, and where they stand in docs/chaos.md. Pure. */
import type { Row } from "./judge.ts";

export interface Results {
  /** When, and on what. */
  readonly made: { readonly day: string; readonly kubernetes: string; readonly cores: number };
  readonly rows: readonly Row[];
}

const BEGIN = "<!-- table: written by npm run test:chaos -- --docs -->";
const END = "<!-- end of the table -->";

export function tableOf({ made, rows }: Results): string {
  const lines = rows.map((row) => [
    `**${row.title}**${row.missed.length > 0 ? ` — MISSED: ${row.missed.join("; ")}` : ""}`,
    row.cuts,
    `${row.failed} of ${row.connections.toLocaleString("en")}`,
    `${row.longEnded} of ${row.longOpened}`,
    `${row.longestGapMs} ms`,
    `${(row.convergedAfterMs / 1_000).toFixed(1)} s`,
    Object.entries(row.facts)
      .map(([what, value]) => `${what}: ${value}`)
      .join("; "),
  ]);
  const head = [
    "fault",
    "what it cuts",
    "new connections that failed",
    "long ones that ended",
    "longest gap",
    "converged after",
    "measured",
  ];
  const connections = rows.reduce((sum, row) => sum + row.connections, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  return [
    `${made.day}, Kubernetes ${made.kubernetes}, ${made.cores} cores shared with other work: ${rows.length} faults,`,
    `${connections.toLocaleString("en")} new connections, of which ${failed} failed.`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...lines.map(line),
  ].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** The page with this table in the place of the one before. @throws when the page has no place for it. */
export function withTable(page: string, table: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the page has no "${BEGIN}" and "${END}"`);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

/**
 * docs/reference/connection-reasons.md, from the words themselves: `node hack/generate-reference/connection-reasons.ts` writes it,
 * a test beside it compares.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONNECTION_REASONS } from "../../src/model/connection-reason.ts";

export const REFERENCE_FILE = join(import.meta.dirname, "../../docs/reference/connection-reasons.md");

export function renderReference(): string {
  const rows = Object.entries(CONNECTION_REASONS).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`);
  return `# Why a connection ended

Every connection ends with one line in the access log, message \`connection\`, whose field \`reason\` is one of these words. The metric
\`fsm_gateway_connections_total\` has the same word as its label. Generated from \`src/model/connection-reason.ts\`.

| reason | meaning |
|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, renderReference());

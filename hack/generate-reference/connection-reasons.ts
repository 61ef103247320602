/**
 * docs/reference/connection-reasons.md, from the words themselves: `node hack/generate-reference/connection-reasons.ts` writes it,
 * a test beside it compares.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONNECTION_REASONS, type ConnectionReason, REASONS_TO_FIX } from "../../src/model/connection-reason.ts";
import { HELLO_REFUSALS } from "../../src/proxy/tls/hello-refusal.ts";

export const REFERENCE_FILE = join(import.meta.dirname, "../../docs/reference/connection-reasons.md");

export function renderReference(): string {
  const rows = Object.entries(CONNECTION_REASONS).map(
    ([reason, meaning]) =>
      `| \`${reason}\` | ${REASONS_TO_FIX.has(reason as ConnectionReason) ? "warn" : "info"} | ${meaning} |`,
  );
  const details = HELLO_REFUSALS.map(({ reason, detail }) => `| \`${reason}\` | ${detail} |`);
  return `# Why a connection ended

Every connection ends with one line in the access log, message \`connection\`, whose field \`reason\` is one of these words. The metric
\`fsm_gateway_connections_total\` has the same word as its label. The level is \`warn\` where a
route, a backend, a limit or the proxy must be changed. Generated from \`src/model/connection-reason.ts\`, each of which
\`src/proxy/every-reason.test.ts\` has produced, and \`src/proxy/tls/hello-refusal.ts\`.

| reason | level | meaning |
|---|---|---|
${rows.join("\n")}

## What was wrong with the first bytes

For these reasons the field \`detail\` of the line is one of these sentences. For other reasons it is free text: an error's message, never bytes of a peer.

| reason | detail |
|---|---|
${details.join("\n")}
`;
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, renderReference());

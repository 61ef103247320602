/**
 * docs/reference/events.md, from the closed set of the code: `node hack/generate-reference/events.ts` writes it, a test beside it
 * compares.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONDITION_EVENTS, OWN_EVENTS } from "../../src/operator/write/event-reasons.ts";

export const EVENTS_FILE = join(import.meta.dirname, "../../docs/reference/events.md");

type Described = Readonly<Record<string, { readonly of: string; readonly meaning: string }>>;

export function renderEvents(): string {
  return `# Events

What \`kubectl describe\` and \`kubectl get events\` show of us, reported by \`gateway.fsm.dev/controller\`. Generated from
\`src/operator/write/event-reasons.ts\`.

An Event is a hint for people: nothing depends on it, and every one of the second table is a condition in the object's status, which is the truth. One is
made when a condition's status or reason becomes another, never because a pass has run: a restarted operator says nothing as long as nothing has
changed. What was said last of a thing is not said again. An object may say 25 things, then one a minute; all together 50, then five a second; what is beyond is left
out and counted (\`fsm_gateway_operator_events_total{outcome="limited"}\`), the condition is written all the same. A new Gateway that is
\`Pending\` or has no address yet is on its way, of which there is no Event.

## By Events alone

Each is a Warning.

${table(OWN_EVENTS)}

## From conditions

Normal where the condition is True, a Warning where it is not. The message begins with the condition's type: \`Accepted: …\`.

${table(CONDITION_EVENTS)}

A certificate that covers several hosts makes no Event, though it may surprise: see
[HTTP/2 coalescing](../guides/operations.md#wrong-backend).
`;
}

function table(events: Described): string {
  const rows = Object.entries(events).map(([reason, { meaning, of }]) => `| \`${reason}\` | ${of} | ${meaning} |`);
  return ["| reason | of | meaning |", "|---|---|---|", ...rows].join("\n");
}

if (import.meta.main) writeFileSync(EVENTS_FILE, renderEvents());

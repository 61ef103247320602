/**
 * docs/reference/metrics.md, from what the program exposes: `node hack/generate-reference/metrics.ts` writes it, a test beside it
 * compares.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import type { MetricsSource } from "../../src/proxy/observe/metrics-source.ts";
import { sampledOperatorMetrics } from "./operator-sample.ts";

export const METRICS_FILE = join(import.meta.dirname, "../../docs/reference/metrics.md");

export interface Family {
  readonly name: string;
  readonly help: string;
  type: string;
  readonly labels: Set<string>;
}

export async function renderMetrics(): Promise<string> {
  return `# Metrics

In the Prometheus text format at \`/metrics\` of the admin port. Generated from what the program exposes. No label holds a server name, an
address or a route: series are bounded by the configuration, not by what clients send.

## Of a proxy, and of \`fsm-gateway run\`

Counted when metrics are read, at most once a second, at no cost to connections: bytes of those that are still open, which a thread that does not answer within
250 ms tells with the next reading, and endpoints.

${table(await proxyFamilies())}

- \`listener\`: name of the listener, \`<namespace>/<gateway>/<listener>\`; empty for connections that no listener of the present
  configuration has taken. A listener that is gone takes its series with it.
- \`reason\` of connections: [connection-reasons.md](connection-reasons.md).
- \`backend\`: as in the log, and only where the configuration asks for health checks or ejection. While all endpoints of a backend are left
  out, all are used.

## Of the operator

\`/metrics\` on port 9080 of each replica. One of them leads: passes, writes and the stream are its alone, informers, certificates and admission
are everybody's.

${table(await operatorFamilies())}

- \`kind\`: of the object. \`informer\`: which informer, as a kind may be watched twice (all ConfigMaps with a \`ca.crt\`, and our own).
- \`outcome\` of writes and Events: \`ok\`, \`conflict\` (another writer was first), \`refused\` (rights, quota, schema, a webhook), \`throttled\` (429),
  \`gone\`, \`failed\` (no answer, or an error of the server); of Events also \`limited\` (we have said enough: [events.md](events.md)).
- \`outcome\` of passes: \`succeeded\`, \`failed\` (repeated with back-off), \`cancelled\` (leadership was lost).
- \`outcome\` of subscriptions: \`admitted\`, \`not_leader\` (the proxy tries another replica), \`refused\` (a bad token or hello),
  \`rate_limited\` (its address asks to be authenticated too often: 30 attempts at once, 5 a second after that).
- \`verdict\`: \`admitted\`, \`warned\`, \`refused\`, \`unchanged\` (the spec is as it was), \`failed\` (a defect of ours: admitted unchecked).
- \`cause\`: \`change\`, \`report\` and \`proxy_gone\` (of a proxy), \`leading\`, \`rollout\`, \`certificates\`, \`pepr\`, \`timer\`.
`;
}

function table(families: readonly Family[]): string {
  const rows = families.map(({ help, labels, name, type }) => {
    const named = [...labels].filter((label) => label !== "le").map((label) => `\`${label}\``);
    return `| \`${name}\` | ${type} | ${named.join(", ")} | ${help} |`;
  });
  return ["| metric | type | labels | |", "|---|---|---|---|", ...rows].join("\n");
}

/** With a sample of everything that has labels. */
export function proxyFamilies(): Promise<readonly Family[]> {
  const metrics = new ProxyMetrics("x");
  const source: MetricsSource = {
    endpointHealth: () => [{ backend: "x", endpoints: 1, unhealthy: 0, ejected: 0 }],
    tellMoved: async () => {},
  };
  metrics.follow(source);
  const record = { reason: "completed", path: {}, port: 1, clientAddress: "", bytesIn: 0, bytesOut: 0 } as const;
  metrics.connectionOpened();
  metrics.connectionEnded({ ...record, durationMs: 1 });
  metrics.configRefused("invalid_resource");
  return familiesOf(metrics);
}

/** With a sample of everything that has labels. */
export function operatorFamilies(): Promise<readonly Family[]> {
  return familiesOf(sampledOperatorMetrics());
}

async function familiesOf(metrics: { expose(): Promise<string> }): Promise<readonly Family[]> {
  const families: Family[] = [];
  for (const line of (await metrics.expose()).split("\n")) {
    const [, name, help] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined && help !== undefined) families.push({ name, help, type: "", labels: new Set() });
    const last = families.at(-1);
    if (last === undefined) continue;
    last.type = /^# TYPE \S+ (\w+)$/.exec(line)?.[1] ?? last.type;
    for (const [, label] of line.matchAll(/[{,](\w+)="/g)) if (label !== undefined) last.labels.add(label);
  }
  return families;
}

if (import.meta.main) writeFileSync(METRICS_FILE, await renderMetrics());

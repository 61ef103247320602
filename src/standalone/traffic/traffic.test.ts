import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configRevision } from "../../model/revision.ts";
import { applyDelta } from "../../proxy/route/apply-delta.ts";
import { EMPTY_TABLE } from "../../proxy/route/route-table.ts";
import { translate } from "../../translate/translate.ts";
import { type AnyManifest, formatProblem, parseManifests } from "../manifests/parse.ts";
import { referenceProblems } from "../manifests/references.ts";
import { snapshotOf } from "../snapshot.ts";
import { withTraffic } from "./apply.ts";
import { TrafficPolicies } from "./policies.ts";

const example = (name: string) => readFileSync(new URL(`../../../examples/traffic/${name}`, import.meta.url), "utf8");
const GATEWAY = example("gateway.yaml");
const TRAFFIC = example("traffic.yaml");

function parse(...texts: string[]): readonly AnyManifest[] {
  const parsed = parseManifests(
    texts.map((text, index) => ({ file: `${index}.yaml`, text })),
    "default",
  );
  assert.deepEqual(parsed.problems, []);
  return parsed.manifests;
}

function shaped(...texts: string[]) {
  const manifests = parse(...texts);
  assert.deepEqual(referenceProblems(manifests), []);
  const plan = translate(snapshotOf(manifests, new Map())).gateways.get("default/edge");
  assert.ok(plan !== undefined);
  return { plan, ...withTraffic(plan.config, "default/edge", new TrafficPolicies(manifests)) };
}

test("the example comes to what it says, and a proxy takes it", () => {
  const { config } = shaped(GATEWAY, TRAFFIC);
  const of = (key: string) => config.resources.get(key)?.resource;
  const proxyProtocol = { mode: "required", trusted: ["127.0.0.0/8", "10.0.0.0/8"] };
  const deny = ["203.0.113.0/24"];
  assert.deepEqual(of("settings:proxy"), {
    kind: "settings",
    name: "proxy",
    maxConnections: 10_000,
    maxUnrouted: 1_000,
    maxPerClient: 100,
    newConnections: { perSecond: 500, burst: 1_000 },
    timeOuts: { idleMs: 1_800_000, maxAgeMs: 86_400_000, clientHelloMs: 5_000 },
    keepAliveMs: 45_000,
  });
  const [tls, postgres] = [of("listener:default/edge/tls"), of("listener:default/edge/postgres")];
  assert.deepEqual(tls?.kind === "listener" && tls.client, { proxyProtocol, deny });
  assert.deepEqual(postgres?.kind === "listener" && postgres.client, {
    proxyProtocol,
    deny,
    allow: ["192.0.2.0/24", "2001:db8::/32"],
    timeOuts: { idleMs: 28_800_000 },
  });
  const [web, outside] = [of("backend:service/default/web:443"), of("backend:external/postgres.example.com:5432")];
  assert.deepEqual(web?.kind === "backend" && web.traffic, {
    balance: "LeastConnections",
    proxyProtocol: { version: 2, authority: true, uniqueId: true },
    connectMs: 2_000,
    ejection: { consecutiveFailures: 3, baseMs: 10_000, maxMs: 120_000 },
    healthCheck: {
      type: "HTTPS",
      intervalMs: 5_000,
      timeOutMs: 5_000,
      healthyAfter: 2,
      unhealthyAfter: 3,
      serverName: "shop.example.com",
      path: "/healthz",
    },
  });
  assert.deepEqual(outside?.kind === "backend" && outside.traffic, { proxyProtocol: { version: 1 } });
  assert.equal(config.revision, configRevision(config.resources));
  const applied = applyDelta(EMPTY_TABLE, { revision: config.revision, upserts: config.resources, removals: [] });
  assert.ok("ok" in applied, JSON.stringify(applied));
});

test("without policies the configuration is the translator's own object", () => {
  const { plan, config, original } = shaped(GATEWAY);
  assert.equal(config, plan.config);
  const report = { revision: "r", listeners: [], unresolvedHosts: [] };
  assert.equal(original(report), report);
});

test("what a proxy reports of a changed listener is told as of the translator's", () => {
  const { plan, config, original } = shaped(GATEWAY, TRAFFIC);
  const key = "listener:default/edge/tls";
  const report = (from: typeof config) => ({
    revision: from.revision,
    listeners: [{ key, version: from.resources.get(key)?.version ?? "", state: "bound" as const }],
    unresolvedHosts: [],
  });
  assert.notDeepEqual(report(config), report(plan.config));
  assert.deepEqual(original(report(config)), report(plan.config));
});

const client = (spec: string, ref = "{ kind: Gateway, name: edge }") =>
  `apiVersion: gateway.fsm.dev/v1alpha1\nkind: ClientTraffic\nmetadata: { name: c }\nspec:\n  targetRefs: [${ref}]\n${spec}`;
const backend = (spec: string, ref = "{ kind: Service, name: web }") =>
  client(spec, ref).replace("ClientTraffic", "BackendTraffic");
const SECTION = "{ kind: Gateway, name: edge, sectionName: tls }";

for (const [what, text, expected] of [
  [
    "a CIDR with host bits",
    client("  deny: [10.0.0.1/8]"),
    /^0\.yaml:6: spec\.deny\[0\]: .* is no CIDR block: it has bits/,
  ],
  ["a number for a duration", client("  keepAlive: 60"), /^0\.yaml:6: spec\.keepAlive: .*expected string/],
  [
    "a duration without unit",
    client('  keepAlive: "60"'),
    /^0\.yaml:6: spec\.keepAlive: "60" is no duration: write 250ms/,
  ],
  [
    "a duration of nothing",
    client("  timeOuts: { idle: 0s }"),
    /^0\.yaml:6: spec\.timeOuts\.idle: "0s" is no duration/,
  ],
  ["half a connection", client("  limits: { perClient: 0.5 }"), /^0\.yaml:6: spec\.limits\.perClient: /],
  ["headers from nobody", client("  proxyProtocol: { mode: Required, trusted: [] }"), /spec\.proxyProtocol\.trusted: /],
  [
    "another mode",
    client("  proxyProtocol: { mode: required, trusted: [::/0] }"),
    /spec\.proxyProtocol\.mode: .*"Required"/,
  ],
  ["a misspelt member", client("  denied: []"), /^0\.yaml:6: spec\.denied: is no field of this kind/],
  [
    "limits of one listener",
    client("  limits: { perClient: 1 }", SECTION),
    /spec\.limits: holds for a Gateway as a whole: /,
  ],
  [
    "a hello time-out of one listener",
    client("  timeOuts: { hello: 1s }", SECTION),
    /spec\.timeOuts\.hello: holds for/,
  ],
  ["a target that is no Gateway", client("", "{ kind: Service, name: web }"), /spec\.targetRefs\[0\]\.kind: /],
  ["no target", client("").replace(/\[.*\]/, "[]"), /spec\.targetRefs: /],
  ["another balance", backend("  balance: Random"), /^0\.yaml:6: spec\.balance: .*"LeastConnections"/],
  ["a PROXY version 3", backend("  proxyProtocol: { version: 3 }"), /spec\.proxyProtocol\.version: /],
  [
    "fields in version 1",
    backend("  proxyProtocol: { version: 1, authority: true }"),
    /proxyProtocol\.authority: is no field/,
  ],
  ["a check of another type", backend("  healthCheck: { type: UDP }"), /spec\.healthCheck\.type: /],
  ["an HTTPS check without a name", backend("  healthCheck: { type: HTTPS }"), /spec\.healthCheck\.serverName: /],
  [
    "a name with a port",
    backend('  healthCheck: { type: TLS, serverName: "a.b:1" }'),
    /serverName: is no server name: write a/,
  ],
  [
    "a path without slash",
    backend("  healthCheck: { type: HTTPS, serverName: a.b, path: x }"),
    /path: is no path: begin with/,
  ],
  [
    "the balance of a host outside",
    backend("  balance: RoundRobin", "{ kind: Service, name: a.example }"),
    /^0\.yaml:6: spec\.balance: is for Services: a\.example is a host outside/,
  ],
  [
    "the check of an XBackend",
    backend("  healthCheck: { type: TCP }", "{ kind: XBackend, name: out }"),
    /spec\.healthCheck: is for Services: out is a host outside/,
  ],
  ["a version of the kind that is not", client("").replace("v1alpha1", "v1"), /use gateway\.fsm\.dev\/v1alpha1/],
] as const) {
  test(`${what} is told with its line and its mend`, () => {
    const { problems } = parseManifests([{ file: "0.yaml", text }], "default");
    assert.equal(problems.length, 1, problems.map(formatProblem).join("\n"));
    assert.match(problems.map(formatProblem).join("\n"), expected);
  });
}

const HEADERS = "  proxyProtocol: { mode: Required, trusted: [10.0.0.0/8] }";
const SHARED_PORT = GATEWAY.replace(
  "  - name: postgres",
  "  - name: other\n    port: 8443\n    hostname: other.example\n    protocol: TLS\n    tls: { mode: Passthrough }\n  - name: postgres",
);
for (const [what, texts, expected] of [
  [
    "a Gateway that is not there",
    [GATEWAY, client("", "{ kind: Gateway, name: edgy }")],
    "1.yaml:5: spec.targetRefs[0].name: there is no Gateway default/edgy in the files; there is default/edge",
  ],
  [
    "a listener that is not there",
    [GATEWAY, client("", "{ kind: Gateway, name: edge, sectionName: tsl }")],
    "1.yaml:5: spec.targetRefs[0].sectionName: there is no listener tsl of Gateway default/edge in the files; there is tls, postgres",
  ],
  [
    "a Service that is not there",
    [GATEWAY, backend("", "{ kind: Service, name: wep }")],
    "1.yaml:5: spec.targetRefs[0].name: there is no Service default/wep in the files; there is default/web",
  ],
  [
    "an XBackend that is not there",
    [GATEWAY, backend("", "{ kind: XBackend, name: out }")],
    "1.yaml:5: spec.targetRefs[0].name: there is no XBackend default/out in the files; there is none",
  ],
  [
    "a host that no route names",
    [GATEWAY, backend("", "{ kind: Service, name: postgres.example.net }")],
    "1.yaml:5: spec.targetRefs[0].name: there is no backendRef to the host postgres.example.net in the files; there is postgres.example.com",
  ],
  [
    "two policies for one target",
    [GATEWAY, client(""), client("").replace("name: c", "name: d")],
    "2.yaml:5: spec.targetRefs[0].name: Gateway default/edge has its ClientTraffic at 1.yaml:5 already: make one of the two",
  ],
  [
    "listeners of a port that differ on PROXY headers",
    [SHARED_PORT, client(HEADERS, SECTION)],
    "1.yaml:5: spec.targetRefs[0].sectionName: listener other has port 8443 too and takes PROXY headers otherwise: say it of both, or give one another port",
  ],
] as const) {
  test(`${what} is told with its line`, () => {
    assert.deepEqual(referenceProblems(parse(...texts)).map(formatProblem), [expected]);
  });
}

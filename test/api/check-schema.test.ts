/**
 * `fsm-gateway check` against the API server it stands in for: the same objects, the same verdicts. The CRDs come from the pinned
 * module at the time of the test, so that a rule of a new version which is not understood is found here.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readDefinitions } from "../../hack/gateway-api/build-definitions.ts";
import { type Definitions, fieldOf, findKind, type Schema } from "../../src/check/schema/definitions.ts";
import { judge } from "../../src/check/schema/judge.ts";
import { isTransition, Rules } from "../../src/check/schema/rules.ts";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { gatewayApiCrds } from "../support/cluster.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

let server: ApiServer;
let definitions: Definitions;

before(async () => {
  definitions = readDefinitions();
  server = await startApiServer();
  const apply = ["apply", "--server-side", "-f", "-"];
  const applied = await server.kubectl(apply, { input: await gatewayApiCrds("experimental") });
  assert.equal(applied.code, 0, applied.stderr);
  await waitForCrds(server);
});
after(() => server?.stop());

const GROUP = "gateway.networking.k8s.io";

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly [field: string]: unknown;
}

const object = (kind: string, spec: unknown, version = "v1", metadata: object = {}): Sample => ({
  apiVersion: `${kind.startsWith("X") ? "gateway.networking.x-k8s.io" : GROUP}/${version}`,
  kind,
  metadata: { name: "sample", ...metadata },
  ...(spec !== undefined && { spec }),
});
const listener = (fields: object = {}) => ({
  name: "a",
  port: 443,
  protocol: "TLS",
  tls: { mode: "Passthrough" },
  ...fields,
});
const gateway = (spec: object, ...listeners: object[]) =>
  object("Gateway", { gatewayClassName: "fsm", listeners: listeners.length === 0 ? [listener()] : listeners, ...spec });
const set = (...listeners: object[]) => object("ListenerSet", { parentRef: { name: "g" }, listeners });
const tlsRoute = (spec: object = {}, version?: string) =>
  object(
    "TLSRoute",
    {
      parentRefs: [{ name: "g" }],
      hostnames: ["a.example"],
      rules: [{ backendRefs: [{ name: "b", port: 443 }] }],
      ...spec,
    },
    version,
  );
const tcpRoute = (spec: object) =>
  object("TCPRoute", { parentRefs: [{ name: "g" }], rules: [{ backendRefs: [{ name: "b", port: 443 }] }], ...spec });
const policy = (validation: object, targets: object[] = [{ group: "", kind: "Service", name: "s" }]) =>
  object("BackendTLSPolicy", { targetRefs: targets, validation });
const known = { hostname: "a.example", wellKnownCACertificates: "System" };
const host = (spec: object) =>
  object(
    "XBackend",
    { type: "ExternalHostname", externalHostname: { hostname: "a.example" }, port: { port: 443 }, ...spec },
    "v1alpha1",
  );
const grant = (from: object[], to: object[], version = "v1beta1") => object("ReferenceGrant", { from, to }, version);
const fromRoute = { group: GROUP, kind: "TLSRoute", namespace: "other" };
const httpRoute = (rule: object) => object("HTTPRoute", { parentRefs: [{ name: "g" }], rules: [rule] });

/** Good and bad, some of each for every kind; nobody says here which is which: the API server does. */
const corpus: readonly Sample[] = [
  gateway({}),
  gateway({ gatewayClassName: 1 }),
  gateway({ gatewayClassName: undefined }),
  gateway({ listeners: [] }),
  gateway({ listeners: null }),
  gateway({ listeners: undefined }),
  gateway({ unknown: 1 }),
  object("Gateway", undefined),
  gateway({}, listener({ tls: undefined })),
  gateway({}, listener({ tls: {} })),
  gateway({}, listener({ tls: { mode: "Terminate" } })),
  gateway({}, listener({ tls: { mode: "Terminate", certificateRefs: [{ name: "c" }] } })),
  gateway({}, listener({ tls: { mode: "Terminate", options: { a: "b" } } })),
  gateway({}, listener({ tls: { mode: "Other" } })),
  gateway({}, listener({ protocol: "TCP" })),
  gateway({}, listener({ protocol: "TCP", tls: undefined, hostname: "a.example" })),
  gateway({}, listener({ protocol: "HTTP", tls: undefined })),
  gateway({}, listener({ protocol: "HTTPS" })),
  gateway({}, listener({ protocol: "not a protocol" })),
  gateway({}, listener({ protocol: "INVALID", tls: undefined })),
  ...[0, 65_536, 1.5, "443", -1, 2 ** 40].map((port) => gateway({}, listener({ port }))),
  ...["A", "a_b", "", "a".repeat(254), "a.b", "-a"].map((name) => gateway({}, listener({ name }))),
  ...["*.a.example", "*", "A.example", "10.0.0.1", "a..b", "a.example."].map((hostname) =>
    gateway({}, listener({ hostname })),
  ),
  gateway({}, listener(), listener()),
  gateway({}, listener(), listener({ name: "b" })),
  gateway({}, listener(), listener({ name: "b", hostname: "a.example" })),
  gateway({}, ...Array.from({ length: 65 }, (_, i) => listener({ name: `l${i}`, port: i + 1 }))),
  gateway({
    addresses: [
      { type: "IPAddress", value: "1.2.3.4" },
      { type: "IPAddress", value: "1.2.3.4" },
    ],
  }),
  gateway({ addresses: [{ value: "1.2.3.4" }, { value: "::1" }, {}] }),
  gateway({ addresses: [{ type: "IPAddress", value: "1.2.3" }] }),
  gateway({ addresses: [{ type: "Hostname", value: "*.a.example" }] }),
  gateway({ addresses: [{ type: "Hostname", value: "A" }] }),
  gateway({ addresses: [{ type: "example.com/Other", value: "x" }] }),
  gateway({ addresses: [{ type: "Other", value: "x" }] }),
  gateway({ infrastructure: { labels: { a: "b" }, annotations: { "a.b/c": "d e" } } }),
  gateway({ infrastructure: { annotations: { "a b": "c" } } }),
  gateway({ infrastructure: { labels: { a: "not a value" } } }),
  gateway({ infrastructure: { labels: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`l${i}`, ""])) } }),
  gateway({ allowedListeners: { namespaces: { from: "All" } } }),
  gateway({ allowedListeners: { namespaces: { from: "Some" } } }),
  gateway({
    tls: {
      frontend: { default: { validation: { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "c" }] } } },
    },
  }),
  gateway({ tls: { frontend: { default: { validation: { caCertificateRefs: [] } } } } }),
  gateway({
    tls: {
      frontend: {
        default: {},
        perPort: [
          { port: 1, tls: {} },
          { port: 1, tls: {} },
        ],
      },
    },
  }),
  set(listener()),
  set(listener(), listener({ name: "b" })),
  set(listener({ port: undefined })),
  set(),
  object("ListenerSet", { listeners: [listener()] }),
  tlsRoute(),
  tlsRoute({ hostnames: undefined }),
  tlsRoute({ hostnames: undefined }, "v1alpha2"),
  tlsRoute({ hostnames: [] }),
  ...["1.2.3.4", "::1", "*.a.example", "a.*.b", "*a.example", "A.example", "a.example.", "a_b.example", "*"].map((h) =>
    tlsRoute({ hostnames: [h] }),
  ),
  ...["1.2.3.4", "a.*.b"].map((h) => tlsRoute({ hostnames: [h] }, "v1alpha2")),
  tlsRoute({ rules: [] }),
  tlsRoute({ rules: [{}, {}] }),
  tlsRoute({ rules: [{ backendRefs: [] }] }),
  tlsRoute({ rules: [{ backendRefs: [{ name: "b" }] }] }),
  tlsRoute({ rules: [{ backendRefs: [{ name: "b", port: 1, weight: 1_000_001 }] }] }),
  tlsRoute({ rules: [{ backendRefs: [{ kind: "Other", name: "b" }] }] }),
  tlsRoute({ rules: [{ backendRefs: Array.from({ length: 17 }, () => ({ name: "b", port: 1 })) }] }),
  tlsRoute({ parentRefs: [{ name: "g" }, { name: "g" }] }),
  tlsRoute({ parentRefs: [{ name: "g", sectionName: "a" }, { name: "g" }] }),
  tlsRoute({
    parentRefs: [
      { name: "g", sectionName: "a" },
      { name: "g", sectionName: "b" },
    ],
  }),
  tlsRoute({
    parentRefs: [
      { name: "g", port: 1 },
      { name: "g", port: 2 },
    ],
  }),
  tlsRoute({ parentRefs: [{ name: "g", namespace: "n" }, { name: "g", namespace: "m" }, { name: "g" }] }),
  tlsRoute({
    parentRefs: [
      { name: "g", namespace: "n" },
      { name: "g", namespace: "n" },
    ],
  }),
  tlsRoute({}, "v9"),
  object("TLSRoute", tlsRoute().spec, "v1", { name: "Not_a_name" }),
  object("TLSRoute", tlsRoute().spec, "v1", { labels: { a: "b c" } }),
  object("TLSRoute", tlsRoute().spec, "v1", { labels: { "a b": "c" } }),
  object("TLSRoute", tlsRoute().spec, "v1", { annotations: { a: "b c" } }),
  tcpRoute({}),
  tcpRoute({ rules: [] }),
  tcpRoute({ rules: [{ backendRefs: [] }] }),
  tcpRoute({ rules: [{ name: "x", backendRefs: [{ name: "b", port: 0 }] }] }),
  policy(known),
  policy({ hostname: "a.example" }),
  policy({ ...known, caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "c" }] }),
  policy({ ...known, hostname: "*.a.example" }),
  policy({ ...known, hostname: "1.2.3.4" }),
  policy({ ...known, wellKnownCACertificates: "Other" }),
  policy({ ...known, subjectAltNames: [{ type: "Hostname", hostname: "a.example" }] }),
  policy({ ...known, subjectAltNames: [{ type: "Hostname", uri: "a:b" }] }),
  policy({ ...known, subjectAltNames: [{ type: "URI", uri: "spiffe://a/b" }] }),
  policy({ ...known, subjectAltNames: [{ type: "URI", uri: "no uri" }] }),
  policy(known, [
    { group: "", kind: "Service", name: "s" },
    { group: "", kind: "Service", name: "s", sectionName: "p" },
  ]),
  policy(known, [
    { group: "", kind: "Service", name: "s", sectionName: "q" },
    { group: "", kind: "Service", name: "s", sectionName: "p" },
  ]),
  policy(known, []),
  host({}),
  host({ port: { name: "web", port: 443 } }),
  host({ port: { name: "Not a name", port: 443 } }),
  host({ port: undefined }),
  host({ externalHostname: undefined }),
  host({ externalHostname: { hostname: "a.svc.cluster.local" } }),
  host({ externalHostname: { hostname: "1.2.3.4" } }),
  host({ type: "Other" }),
  host({ tls: { mode: "None" } }),
  host({ tls: { mode: "ServerOnly", validation: known } }),
  host({ tls: { mode: "ClientAndServer", validation: known } }),
  host({ tls: { mode: "ClientAndServer", clientCertificateRef: { name: "c" }, validation: known } }),
  grant([fromRoute], [{ group: "", kind: "Service" }]),
  grant([fromRoute], [{ group: "", kind: "Service", name: "" }]),
  grant([], [{ group: "", kind: "Service" }]),
  grant([fromRoute], [], "v1"),
  grant([{ ...fromRoute, namespace: "A" }], [{ group: "", kind: "Service" }]),
  grant([{ ...fromRoute, group: "a b" }], [{ group: "", kind: "Service" }]),
  httpRoute({ backendRefs: [{ name: "b", port: 80 }] }),
  httpRoute({ backendRefs: [{ name: "b" }] }),
  httpRoute({ matches: [{ path: { value: "no-slash" } }] }),
  httpRoute({ matches: [{ path: { value: "/a//b" } }] }),
  httpRoute({ matches: [{ path: { type: "RegularExpression", value: "a+" } }] }),
  httpRoute({ timeouts: { request: "1s", backendRequest: "2s" } }),
  httpRoute({ timeouts: { request: "2s", backendRequest: "1s" } }),
  httpRoute({ timeouts: { request: "soon" } }),
  httpRoute({ filters: [{ type: "RequestRedirect" }] }),
  httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { path: { type: "ReplaceFullPath" } } }] }),
  object("GatewayClass", { controllerName: "a.example/b" }),
  object("GatewayClass", { controllerName: "no domain" }),
];

test("every object of the corpus is taken or refused as the API server does", async () => {
  const rules = new Rules();
  const differences: string[] = [];
  const counts = { taken: 0, refused: 0 };
  // What is undefined is absent, as on the wire.
  for (const sample of JSON.parse(JSON.stringify(corpus)) as typeof corpus) {
    const definition = findKind(definitions.channels.experimental, sample.apiVersion.split("/")[0]!, sample.kind);
    assert.ok(definition !== undefined, sample.kind);
    const { violations } = judge(definition, rules, sample);
    const create = ["create", "--dry-run=server", "--validate=warn", "-f", "-"];
    const { code, stderr } = await server.kubectl(create, { input: JSON.stringify(sample) });
    counts[code === 0 ? "taken" : "refused"]++;
    if ((code === 0) === (violations.length === 0)) continue;
    const ours = violations.map(({ path, message }) => `${fieldOf(path)}: ${message}`).join("; ") || "nothing";
    differences.push(`${JSON.stringify(sample)}\n  the API server says: ${stderr || "nothing"}\n  check says: ${ours}`);
  }
  assert.deepEqual(differences, [], differences.join("\n"));
  // Both verdicts must occur, or the comparison would say nothing.
  assert.ok(counts.taken >= 30 && counts.refused >= 60, JSON.stringify(counts));
});

test("every rule, pattern and format of both channels is understood", () => {
  const rules = new Rules();
  const met = new Set<string>();
  const walk = (schema: Schema): void => {
    for (const { rule } of schema["x-kubernetes-validations"] ?? []) {
      assertUnderstood(rules, rule);
      met.add(rule);
    }
    if (schema.pattern !== undefined) new RegExp(schema.pattern);
    for (const key of Object.keys(schema)) assert.ok(UNDERSTOOD.has(key), `the keyword ${key} is not understood`);
    for (const inner of innerSchemas(schema)) walk(inner);
  };
  for (const kinds of Object.values(definitions.channels)) {
    for (const { versions } of kinds) for (const { schema } of versions) walk(schema);
  }
  assert.ok(met.size > 90, `${met.size} rules`);
});

/** Functions are looked up when a rule is asked: compiling alone would not miss one. */
function assertUnderstood(rules: Rules, rule: string): void {
  if (!isTransition(rule)) rules.compile(rule);
  const code = rule.replaceAll(/"""[\s\S]*?"""|'[^']*'|"[^"]*"/g, "''");
  for (const [, name = ""] of code.matchAll(/(\w+)\(/g)) {
    assert.ok(FUNCTIONS.has(name), `the function ${name} is not understood`);
  }
}

function innerSchemas({ items, not, additionalProperties, properties = {}, ...schema }: Schema): readonly Schema[] {
  const single = [items, not, additionalProperties].flatMap((inner) => (typeof inner === "object" ? [inner] : []));
  const branches = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [...single, ...Object.values(properties), ...branches];
}

const FUNCTIONS = new Set([
  ...["all", "exists", "exists_one", "filter", "has", "size", "matches", "contains", "startsWith", "endsWith"],
  ...["split", "substring", "duration", "isIP", "dns1123Label", "validate", "type"],
]);

const UNDERSTOOD = new Set([
  ...["type", "description", "properties", "additionalProperties", "items", "required", "enum", "default", "nullable"],
  ...["format", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"],
  ...["minimum", "maximum", "oneOf", "anyOf", "allOf", "not", "x-kubernetes-validations", "x-kubernetes-list-type"],
  ...["x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-int-or-string"],
  "x-kubernetes-preserve-unknown-fields",
]);

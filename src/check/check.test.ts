import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.ts";
import { findingLine, reportJson, summaryLine } from "./finding.ts";
import type { Definitions, KindDefinition, Schema } from "./schema/definitions.ts";
import { Rules } from "./schema/rules.ts";

/** Stand-ins for Gateway API's definitions, which only a test with Go can have: test/api/check-schema.test.ts judges by those. */
const LOOSE: Schema = {
  type: "object",
  properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
};
const kind = (name: string, schema = LOOSE): KindDefinition => ({
  group: "gateway.networking.k8s.io",
  kind: name,
  namespaced: true,
  versions: [{ name: "v1", served: true, schema }],
});
const WITH_PORT: Schema = {
  type: "object",
  properties: {
    spec: { type: "object", properties: { parentRefs: {}, hostnames: {}, rules: {}, port: { type: "integer" } } },
  },
};
const experimental = [kind("Gateway"), kind("TLSRoute", WITH_PORT)];
const definitions: Definitions = { bundleVersion: "v0.0.0", channels: { standard: [], experimental } };

function report(text: string) {
  const result = check({
    texts: [{ file: "f.yaml", text }],
    namespace: "default",
    definitions,
    channel: "experimental",
  });
  assert.ok("report" in result, JSON.stringify(result));
  return result.report;
}
const said = (text: string) => report(text).findings.map(findingLine);

const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: fsm
  listeners:
  - { name: a, port: 443, protocol: TLS, tls: { mode: Passthrough } }
`;
const route = (fields: string) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r }
spec:
  ${fields}
`;
const GOOD =
  "{ parentRefs: [{ name: g }], hostnames: [a.example], rules: [{ backendRefs: [{ name: a.example.org, port: 443 }] }] }";

test("nothing is wrong, and it is said what was looked at", () => {
  const found = report(`${GATEWAY}${route(GOOD)}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\n`);
  assert.deepEqual(found.findings, []);
  assert.equal(
    summaryLine(found),
    "checked 2 objects in 1 file against Gateway API v0.0.0 (experimental); passed over 1 object of other kinds (apps/v1 Deployment): 0 errors, 0 warnings",
  );
});

const cases: [string, string, RegExp][] = [
  [
    "the schema",
    route("{ port: x }"),
    /^f\.yaml:13: error: TLSRoute default\/r: spec\.port: must be an integer, not "x"$/,
  ],
  ["a text that kubectl takes for a boolean", route("{ port: on }"), /spec\.port: must be an integer, not true$/],
  [
    "a field that does not exist",
    route(GOOD.replace("{ p", "{ prot: 1, p")),
    /^f\.yaml:13: warning: TLSRoute default\/r: spec\.prot: is no field/,
  ],
  [
    "a field with a typing error",
    route(GOOD.replace("{ p", "{ hostname: [], p")),
    /spec\.hostname: is no field .*; did you mean "hostnames"\?$/,
  ],
  [
    "a hostname that no listener has",
    `${route(GOOD)}`.replace("[a.example]", "[a.example, b.other]").replace("name: g }", "name: h }") +
      GATEWAY.replace("name: g", "name: h")
        .replace("name: a,", "name: a, hostname: '*.example',")
        .replace(/^/, "---\n"),
    /warning: .*spec\.parentRefs\[0\]: no listener of the parents has b\.other\. Add a listener/,
  ],
  [
    "admission",
    route(GOOD.replace("a.example.org", "https://a.org")),
    /^f\.yaml:13: error: .*spec\.rules\[0\]\.backendRefs\[0\]\.name: "https:\/\/a\.org" is a URL/,
  ],
  [
    "a route that does not attach",
    route(GOOD.replace("name: g", "name: g, sectionName: z")),
    /error: .*spec\.parentRefs\[0\]: Gateway g has no listener/,
  ],
  [
    "a listener's name with a typing error",
    route(GOOD.replace("name: g", "name: g, sectionName: ab")),
    /error: .*Gateway g has no listener with the name "ab"; it has "a" on port 443; did you mean "a"\?$/,
  ],
  [
    "a Gateway in none of the files",
    route(GOOD.replace("name: g", "name: z")),
    /warning: .*spec\.parentRefs\[0\]\.name: there is no Gateway default\/z/,
  ],
  [
    "a Service in none of the files",
    route(GOOD.replace("a.example.org", "web")),
    /warning: .*backendRefs\[0\]: Service default\/web is not in the files/,
  ],
  [
    "a port that a Service in the files has not",
    `${route(GOOD.replace("a.example.org", "web"))}---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n`,
    /error: .*backendRefs\[0\]: Service web has no port 443; it has 80$/,
  ],
  [
    "weight 0 for all",
    route(GOOD.replace("port: 443", "port: 443, weight: 0")),
    /warning: .*Every backendRef has weight 0/,
  ],
  [
    "a hostname lost to another route",
    `${route(GOOD)}${route(GOOD).replace("name: r", "name: s")}`,
    /warning: TLSRoute default\/s: spec\.parentRefs\[0\]: .*TLSRoute default\/r/,
  ],
  [
    "the same object twice",
    route(GOOD) + route(GOOD),
    /error: .*metadata\.name: TLSRoute default\/r stands at f\.yaml:11 already/,
  ],
  [
    "a policy of ours with a wrong value",
    "---\napiVersion: gateway.fsm.dev/v1alpha1\nkind: ClientTraffic\nmetadata: { name: c }\nspec:\n  targetRefs: [{ kind: Gateway, name: g }]\n  deny: [10.0.0.1/8]\n",
    /^f\.yaml:14: error: ClientTraffic default\/c: spec\.deny\[0\]: .* is no CIDR block: it has bits set beyond its prefix length$/,
  ],
  [
    "a policy of ours for what is in none of the files",
    "---\napiVersion: gateway.fsm.dev/v1alpha1\nkind: BackendTraffic\nmetadata: { name: b }\nspec:\n  targetRefs: [{ kind: Service, name: web }]\n",
    /^f\.yaml:13: warning: BackendTraffic default\/b: spec\.targetRefs\[0\]\.name: there is no Service default\/web in the files/,
  ],
  [
    "a kind that the channel has not",
    "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gatewy\nmetadata: { name: g }\n",
    /error: Gatewy g: kind: Gatewy is no kind .*; did you mean "Gateway"\?$/,
  ],
];
for (const [name, text, expected] of cases) {
  test(`${name} is told once, with its line`, () => {
    const lines = said(GATEWAY + text);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", expected);
  });
}

test("HTTP listeners are served by no route", () => {
  const text = GATEWAY.replace("443, protocol: TLS, tls: { mode: Passthrough }", "80, protocol: HTTP");
  assert.match(said(text).join("\n"), /^f\.yaml:7: warning: .*spec\.listeners\[0\]\.protocol: HTTP is not routed/);
});

test("parameters are judged as for a cluster, and those that are in no file are a warning", () => {
  const parametersRef = "{ group: gateway.fsm.dev, kind: GatewayParameters, name: p }";
  const gateway = GATEWAY.replace("spec:\n", `spec:\n  infrastructure: { parametersRef: ${parametersRef} }\n`);
  const parameters = (spec: string) =>
    `---\napiVersion: gateway.fsm.dev/v1alpha1\nkind: GatewayParameters\nmetadata: { name: p }\nspec: ${spec}\n`;
  assert.deepEqual(said(`${gateway}${parameters("{ replicas: 2 }")}`), []);
  assert.match(said(gateway).join(), /^f.yaml:5: warning: .*GatewayParameters default\/p is not in the files/);
  const wrong = said(`${gateway}${parameters("{ replicas: 2, autoscaling: { maxReplicas: 3 } }")}`);
  assert.match(
    wrong.join("\n"),
    /error: GatewayParameters default\/p: spec.replicas: spec.replicas and spec.autoscaling exclude/,
  );
});

test("items of a List are objects with lines of their own", () => {
  const text =
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: gateway.networking.k8s.io/v1\n  kind: TLSRoute\n  metadata: { name: r }\n  spec:\n    port: x\n";
  assert.match(said(text).join("\n"), /^f\.yaml:8: error: TLSRoute default\/r: spec\.port: /);
});

test("a text without objects is a problem, and nothing else is said", () => {
  const result = check({
    texts: [
      { file: "f", text: "a: [" },
      { file: "g", text: "- 1" },
    ],
    namespace: "d",
    definitions,
    channel: "standard",
  });
  assert.deepEqual("problems" in result && result.problems.map(({ file }) => file), ["f", "g"]);
});

test("for programs: a version, what was checked, the findings", () => {
  const json = JSON.parse(reportJson(report(route("{ port: x }"))));
  assert.deepEqual(Object.keys(json), ["version", "checked", "findings"]);
  assert.deepEqual(json.findings, [
    {
      severity: "error",
      judge: "schema",
      file: "f.yaml",
      line: 6,
      kind: "TLSRoute",
      namespace: "default",
      name: "r",
      field: "spec.port",
      message: 'must be an integer, not "x"',
    },
  ]);
});

test("a host outside the cluster is judged by the policy for external hosts that is given", () => {
  const request = {
    texts: [{ file: "f.yaml", text: `${GATEWAY}${route(GOOD)}`.replace(/spec:\n {2}\{/, "spec: {") }],
    namespace: "default",
    definitions,
    channel: "experimental" as const,
  };
  const findings = (allowedNames: readonly string[]) => {
    const result = check({ ...request, externalHosts: { enabled: true, allowedNames, deniedCidrs: [] } });
    assert.ok("report" in result, JSON.stringify(result));
    return result.report.findings.map(({ severity, field, message }) => `${severity} ${field} ${message}`);
  };
  assert.deepEqual(findings(["example.org"]), []);
  assert.match(
    findings(["b.example"]).join(),
    /^error spec\.rules\[0\]\.backendRefs\[0\] a\.example\.org is not in externalHosts/,
  );
});

test("why a Service has no endpoints is a warning where the files say it, and not where the cluster makes its EndpointSlices", () => {
  const TO_WEB =
    "{ parentRefs: [{ name: g }], hostnames: [a.example], rules: [{ backendRefs: [{ name: web, port: 443 }] }] }";
  const web = (spec: string) => `---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: ${spec}\n`;
  const slice = (fields: string) =>
    `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: w, labels: { kubernetes.io/service-name: web } }\n${fields}\n`;
  const ports = "ports: [{ name: tls, port: 443 }]";
  const warn = (text: string) =>
    said(GATEWAY + route(TO_WEB) + text).map((line) => line.replace(/^.*?: warning: /, ""));
  assert.deepEqual(warn(web(`{ ${ports}, selector: { app: web } }`)), []);
  assert.match(
    warn(web(`{ ${ports} }`)).join(),
    /^TLSRoute default\/r: .*has no endpoints on port 443: it has no selector/,
  );
  const address = "addressType: IPv4\nendpoints: [{ addresses: [10.0.0.1], conditions: { ready: false } }]";
  assert.match(
    warn(web(`{ ${ports} }`) + slice(`${address}\nports: [{ name: tsl, port: 1 }]`)).join(),
    /They have "tsl"/,
  );
  assert.match(
    warn(web(`{ ${ports} }`) + slice(`${address}\nports: [{ name: tls, port: 1 }]`)).join(),
    /no ready endpoint/,
  );
  const fqdn = "addressType: FQDN\nendpoints: [{ addresses: [a.example] }]\nports: [{ name: tls, port: 1 }]";
  assert.match(warn(web(`{ ${ports} }`) + slice(fqdn)).join(), /addressType FQDN/);
});

test("a schema error in a Gateway hides nothing of its routes, and a typing error in parentRefs names it", () => {
  const spec: Schema = {
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    properties: { gatewayClassName: { type: "string" } },
    required: ["gatewayClassName"],
  };
  const strict = kind("Gateway", { type: "object", properties: { spec } });
  const gateway = GATEWAY.replace("gatewayClassName: fsm", "class: fsm");
  const web = "---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n";
  const toWeb = route(GOOD.replace("a.example.org", "web"));
  const toOther = route(GOOD.replace("name: g", "name: gg")).replace("name: r", "name: s");
  const result = check({
    texts: [{ file: "f.yaml", text: gateway + toWeb + web + toOther }],
    namespace: "default",
    definitions: { ...definitions, channels: { standard: [], experimental: [strict, kind("TLSRoute", WITH_PORT)] } },
    channel: "experimental",
  });
  assert.ok("report" in result);
  const lines = result.report.findings.map(findingLine);
  assert.equal(lines.length, 3, lines.join("\n"));
  assert.match(lines[0] ?? "", /error: Gateway default\/g: spec\.gatewayClassName: is missing$/);
  assert.match(lines[1] ?? "", /error: TLSRoute default\/r: .*Service web has no port 443; it has 80$/);
  assert.match(
    lines[2] ?? "",
    /warning: TLSRoute default\/s: .*there is no Gateway default\/gg in the files; there is default\/g; did you mean "g"\?$/,
  );
});

test("a rule that cannot be evaluated shows its message instead of the rule", () => {
  const rule = "self.mode == 'Terminate' ? size(self.certificateRefs) > 0 || size(self.options) > 0 : true";
  const message = "certificateRefs or options must be specified when mode is Terminate";
  const tls: Schema = {
    type: "object",
    properties: {
      mode: { type: "string" },
      certificateRefs: { type: "array", items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      options: { type: "object", additionalProperties: { type: "string" } },
    },
    "x-kubernetes-validations": [{ rule, message }],
  };
  const violations = new Rules().violations(tls, { mode: "Terminate" }, ["tls"]);
  assert.deepEqual(violations, [{ path: ["tls"], message }]);
});

/**
 * The chart as helm renders it: its defaults are install.yaml, and each value does what its comment says. Needs Go, which builds helm,
 * and no cluster; test/e2e/helm.test.ts installs it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { run } from "../../hack/image/environment.ts";
import { CHART, helmProgram, renderChart } from "../../hack/manifest/chart.ts";
import { RENDERED } from "../../hack/manifest/install.ts";
import { DEFAULT_DENIED_CIDRS } from "../../src/model/external-hosts.ts";
import { runCommand } from "../support/run-command.ts";

// biome-ignore lint/suspicious/noExplicitAny: a manifest has no type; each assertion says what it expects.
type Manifest = any;

let helm: string;
before(() => {
  helm = helmProgram();
});

function rendered(...args: readonly string[]): Manifest[] {
  return parseAllDocuments(renderChart(helm, args)).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

/** With these values set, as `--set-json` takes them. */
const withValues = (...values: readonly string[]) => rendered(...values.flatMap((value) => ["--set-json", value]));

function kinds(objects: readonly Manifest[], kind: string): Manifest[] {
  return objects.filter((object) => object.kind === kind);
}

function the(objects: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = kinds(objects, kind);
  assert.ok(found !== undefined && others.length === 0, `one ${kind}`);
  return found;
}

const pod = (objects: readonly Manifest[]) => the(objects, "Deployment").spec.template;
const container = (objects: readonly Manifest[]) => pod(objects).spec.containers[0];

test("hack/manifest/install.yaml is what the default values render: `npm run manifest` writes it", () => {
  assert.equal(readFileSync(RENDERED, "utf8"), renderChart(helm));
});

test("helm lint finds nothing", async () => {
  const { code, stdout } = await runCommand(helm, ["lint", "--strict", "--quiet", CHART]);
  assert.deepEqual([code, stdout], [0, ""]);
});

test("every value has a comment, and the schema knows it and no other", () => {
  const text = readFileSync(join(CHART, "values.yaml"), "utf8");
  const lines = text.split("\n");
  const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8"));
  let seen = 0;
  const visit = (values: Manifest, { properties, required }: Manifest, path: readonly string[]): void => {
    const known = Object.keys(properties).filter((name) => name !== "global");
    assert.deepEqual(Object.keys(values).sort(), known.sort(), path.join("."));
    assert.deepEqual([...required].sort(), known, path.join("."));
    for (const name of known) {
      if (properties[name].properties !== undefined) visit(values[name], properties[name], [...path, name]);
      else
        assert.match(lines[lineOf([...path, name]) - 1] ?? "", /^ *# ./, `${[...path, name].join(".")} has no comment`);
      seen++;
    }
  };
  const lineOf = (path: readonly string[]) =>
    path.reduce((from, name, depth) => {
      const line = lines.findIndex((one, i) => i >= from && one.startsWith(`${"  ".repeat(depth)}${name}:`));
      assert.ok(line >= 0, name);
      return line;
    }, 0);
  visit(parse(text), schema, []);
  assert.ok(seen > 30, `${seen} values`);
});

test("what is no value, or none that can work, is refused by the schema", () => {
  for (const [value, complaint] of [
    ["replica=2", /replica/],
    ["replicas=0", /replicas/],
    ['image.pullPolicy="Sometimes"', /pullPolicy/],
    ['image.digest="latest"', /digest/],
    ['admission.failurePolicy="Open"', /failurePolicy/],
    ['log.level="chatty"', /level/],
    ['networkPolicy.apiServer.cidrs=["10.0.0.1"]', /cidrs/],
    ['terminate.enabled="no"', /enabled/],
    ['certificates.namespaces=["Not-A-Name"]', /namespaces/],
    ['externalHosts.allowedNames=["*.example.com"]', /allowedNames/],
    ['externalHosts.deniedCIDRs=["10.0.0.1"]', /deniedCIDRs/],
  ] as const) {
    assert.throws(() => withValues(value), complaint, value);
  }
});

test("the image is told by tag or by digest, to operator and proxies alike", () => {
  const digest = `sha256:${"0a".repeat(32)}`;
  for (const [values, reference] of [
    [['image={"repository":"registry.example:5000/fsm","tag":"1.2"}'], "registry.example:5000/fsm:1.2"],
    [['image.repository="registry.example/fsm"', `image.digest="${digest}"`], `registry.example/fsm@${digest}`],
  ] as const) {
    const { image, args } = container(withValues(...values));
    assert.equal(image, reference);
    assert.deepEqual(args.slice(0, 3), ["operator", "--proxy-image", reference]);
  }
  const objects = withValues('image.pullSecrets=[{"name":"registry"}]', 'image.pullPolicy="Always"');
  assert.deepEqual(pod(objects).spec.imagePullSecrets, [{ name: "registry" }]);
  assert.equal(container(objects).imagePullPolicy, "Always");
});

test("pods are placed, sized and marked as the values say", () => {
  const objects = withValues(
    "replicas=3",
    'resources={"requests":{"cpu":"2"},"limits":null}',
    'nodeSelector={"disk":"ssd"}',
    'tolerations=[{"key":"gpu","operator":"Exists"}]',
    'affinity={"nodeAffinity":{}}',
    'topologySpreadConstraints=[{"maxSkew":2,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]',
    'priorityClassName="system-cluster-critical"',
    'podAnnotations={"a":"b"}',
    'podLabels={"team":"edge","app":"mine"}',
    'log={"level":"debug","format":"text"}',
  );
  assert.equal(the(objects, "Deployment").spec.replicas, 3);
  const { metadata, spec } = pod(objects);
  assert.deepEqual(metadata.annotations, { a: "b" });
  assert.equal(metadata.labels.team, "edge");
  assert.equal(metadata.labels.app, "fsm-gateway-operator");
  assert.deepEqual(spec.nodeSelector, { disk: "ssd" });
  assert.deepEqual(spec.tolerations, [{ key: "gpu", operator: "Exists" }]);
  assert.deepEqual(spec.affinity, { nodeAffinity: {} });
  assert.deepEqual(spec.topologySpreadConstraints, [
    { maxSkew: 2, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
  ]);
  assert.equal(spec.priorityClassName, "system-cluster-critical");
  assert.equal(container(objects).resources.requests.cpu, "2");
  assert.deepEqual(container(objects).args.slice(3, 5), ["--log-level=debug", "--log-format=text"]);
});

/** The values that a second installation in a cluster needs. */
const SECOND = [
  'name="edge-gateway"',
  'namespace="edge-system"',
  'controllerName="edge.example/gateway"',
  'gatewayClass.name="edge"',
  "crds.install=false",
  "namespaces.pepr=false",
];

test("two installations have no object in common, and the second knows its own names", () => {
  const ids = (objects: readonly Manifest[]) =>
    objects.map(({ kind, metadata: { namespace, name } }) => `${kind} ${namespace ?? ""}/${name}`);
  const second = withValues(...SECOND, "podMonitor.enabled=true");
  const first = new Set(ids(withValues("podMonitor.enabled=true")));
  assert.deepEqual(
    ids(second).filter((id) => first.has(id)),
    [],
  );
  const { args } = container(second);
  assert.ok(args.includes("--name=edge-gateway") && args.includes("--controller-name=edge.example/gateway"));
  assert.equal(the(second, "GatewayClass").spec.controllerName, "edge.example/gateway");
  const text = JSON.stringify(second.filter(({ kind }) => kind !== "Namespace"));
  for (const name of [
    "fsm-gateway-system",
    "gateway.fsm.dev/controller",
    "fsm-gateway-certificates",
    "pepr-fsm-gateway",
  ]) {
    assert.ok(!text.includes(name), name);
  }
  const selector = { app: "edge-gateway-operator" };
  assert.deepEqual(the(second, "Deployment").spec.selector.matchLabels, selector);
  const selectors = kinds(second, "Service").map(({ spec }) => spec.selector);
  assert.deepEqual(selectors, [selector, { ...selector, "gateway.fsm.dev/admission": "ready" }]);
  for (const kind of ["PodDisruptionBudget", "PodMonitor", "NetworkPolicy"]) {
    const { spec } = the(second, kind);
    assert.deepEqual(spec.podSelector?.matchLabels ?? spec.selector.matchLabels, selector, kind);
  }
  assert.equal(pod(second).metadata.labels.app, selector.app);
  const named = kinds(second, "Role")
    .concat(kinds(second, "ClusterRole"))
    .flatMap(({ rules }) => rules);
  const names = named.flatMap(({ resourceNames = [] }: Manifest) => resourceNames);
  for (const name of [
    "edge-gateway",
    "edge-gateway-certificates",
    "pepr-edge-gateway-store",
    "pepr-edge-gateway-schedule",
  ]) {
    assert.ok(names.includes(name), name);
  }
  const { clientConfig } = the(second, "ValidatingWebhookConfiguration").webhooks[0];
  const { name, namespace } = clientConfig.service;
  assert.deepEqual([name, namespace], ["edge-gateway-admission", "edge-system"]);
});

test("an installation for some namespaces has Roles there, and a ClusterRole for kinds without a namespace", () => {
  const objects = withValues('watchNamespaces=["shop","edge"]');
  assert.ok(container(objects).args.includes("--watch-namespaces=shop,edge"));
  const resourcesOf = ({ rules }: Manifest): string[] =>
    rules.flatMap(({ resources, verbs }: Manifest) =>
      resources.flatMap((one: string) => verbs.map((v: string) => `${v} ${one}`)),
    );
  assert.deepEqual(resourcesOf(the(objects, "ClusterRole")).sort(), [
    ...["create tokenreviews", "get customresourcedefinitions", "get gatewayclasses"],
    ...["get validatingwebhookconfigurations", "list gatewayclasses", "list namespaces"],
    ...["patch validatingwebhookconfigurations", "update gatewayclasses/status"],
    ...["watch gatewayclasses", "watch namespaces"],
  ]);
  const roles = kinds(objects, "Role").filter(({ metadata }) => metadata.name === "fsm-gateway-gateways");
  assert.deepEqual(
    roles.map(({ metadata }) => metadata.namespace),
    ["shop", "edge"],
  );
  const everywhere = resourcesOf(the(rendered(), "ClusterRole"));
  for (const role of roles) {
    const both = [...resourcesOf(role), ...resourcesOf(the(objects, "ClusterRole"))];
    assert.deepEqual(both.sort(), everywhere.toSorted(), "nothing is missing, and nothing is there twice");
    const binding = kinds(objects, "RoleBinding").find(
      ({ metadata }) => metadata.name === role.metadata.name && metadata.namespace === role.metadata.namespace,
    );
    assert.deepEqual([binding.roleRef.name, binding.subjects[0].namespace], [role.metadata.name, "fsm-gateway-system"]);
  }
  const [webhook] = the(objects, "ValidatingWebhookConfiguration").webhooks;
  assert.deepEqual(webhook.namespaceSelector.matchExpressions[0].values, ["shop", "edge"]);
  assert.ok(!("namespaceSelector" in the(rendered(), "ValidatingWebhookConfiguration").webhooks[0]));
});

test("invalid names are rejected", () => {
  for (const [value, complaint] of [
    ['name="Edge"', /name/],
    [`name="${"a".repeat(41)}"`, /name/],
    ['namespace="a/b"', /namespace/],
    ['controllerName="no-path"', /controllerName/],
  ] as const) {
    assert.throws(() => withValues(value), complaint, value);
  }
});

test("users and groups can be left to the platform, in the operator's pods and in the test's", () => {
  const unset = 'podSecurityContext={"runAsUser":null,"runAsGroup":null,"fsGroup":null}';
  const expected = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  assert.deepEqual(pod(withValues(unset)).spec.securityContext, expected);
  const shown = ["template", "x", CHART, "--show-only", "templates/tests/admission.yaml", "--set-json", unset];
  const { ok, stdout } = run(helm, shown);
  assert.ok(ok);
  assert.deepEqual(parse(stdout).spec.securityContext, expected);
});

test("parameters of Gateways are trusted only if a value enables it", () => {
  const flag = "--trust-gateway-parameters=true";
  assert.ok(!container(rendered()).args.includes(flag));
  assert.ok(container(withValues("gatewayParameters.trustGateways=true")).args.includes(flag));
});

test("how many Gateways roll at a time is a count or a percentage, and never 0", () => {
  for (const value of ["3", "25%"]) {
    assert.ok(container(withValues(`rollout.maxGateways="${value}"`)).args.includes(`--max-rolling-gateways=${value}`));
  }
  assert.ok(container(rendered()).args.includes("--max-rolling-gateways=10%"));
  for (const value of ["0", "0%", "101%", "all"]) {
    assert.throws(() => withValues(`rollout.maxGateways="${value}"`), /maxGateways/, value);
  }
});

test("external hosts: the default ranges equal the proxies' defaults, and the operator receives the values", () => {
  const option = (objects: readonly Manifest[], name: string) => {
    const given: string[] = container(objects).args;
    return given.find((arg) => arg.startsWith(`--external-hosts${name}=`))?.split("=")[1];
  };
  assert.deepEqual(option(rendered(), "-denied-cidrs")?.split(","), DEFAULT_DENIED_CIDRS);
  assert.deepEqual([option(rendered(), ""), option(rendered(), "-allowed-names")], [undefined, undefined]);
  const objects = withValues(
    "externalHosts.enabled=false",
    'externalHosts.allowedNames=["example.com","example.org"]',
    'externalHosts.deniedCIDRs=["10.96.0.0/12"]',
  );
  const said = ["", "-allowed-names", "-denied-cidrs"].map((name) => option(objects, name));
  assert.deepEqual(said, ["false", "example.com,example.org", "10.96.0.0/12"]);
  assert.equal(option(withValues("externalHosts.deniedCIDRs=[]"), "-denied-cidrs"), "", "an empty list denies none");
});

test("without Terminate the operator is told so, and may read no Secret but its own", () => {
  const objects = withValues("terminate.enabled=false");
  assert.ok(container(objects).args.includes("--terminate=false"));
  const rules = (kind: string): Manifest[] => kinds(objects, kind).flatMap((role) => role.rules);
  const onSecrets = (rule: Manifest) => rule.resources.includes("secrets");
  assert.deepEqual(rules("ClusterRole").filter(onSecrets), []);
  assert.equal(rules("Role").filter(onSecrets).length, 2);
  assert.equal(rules("ClusterRole").length, rulesWithTerminate() - 1);
});

test("allowed namespaces get Roles for Secrets and ConfigMaps, and the ClusterRole has no rule for them", () => {
  const objects = withValues('certificates.namespaces=["infra","shop"]');
  assert.ok(container(objects).args.includes("--certificate-namespaces=infra,shop"));
  const names = (rules: Manifest[]) => rules.flatMap((rule) => rule.resources);
  const everywhere = kinds(objects, "ClusterRole").flatMap((role) => names(role.rules));
  assert.deepEqual(
    everywhere.filter((name) => name === "secrets" || name === "configmaps"),
    [],
  );
  for (const namespace of ["infra", "shop"]) {
    const isThere = ({ metadata }: Manifest) => metadata.namespace === namespace;
    const [role] = kinds(objects, "Role").filter(isThere);
    assert.deepEqual(names(role?.rules), ["secrets", "configmaps"]);
    const [binding] = kinds(objects, "RoleBinding").filter(isThere);
    assert.deepEqual([binding?.roleRef.name, binding?.subjects[0].name], [role?.metadata.name, "fsm-gateway"]);
  }
});

const rulesWithTerminate = () => the(rendered(), "ClusterRole").rules.length;

test("parts can be left out, renamed or added", () => {
  const gone = (value: string, kind: string) => assert.deepEqual(kinds(withValues(value), kind), [], value);
  gone("gatewayClass.create=false", "GatewayClass");
  gone("pdb.enabled=false", "PodDisruptionBudget");
  gone("replicas=1", "PodDisruptionBudget");
  gone("networkPolicy.enabled=false", "NetworkPolicy");
  gone("crds.install=false", "CustomResourceDefinition");
  assert.deepEqual(kinds(rendered(), "PodMonitor"), []);
  const names = (objects: Manifest[]) => kinds(objects, "Namespace").map(({ metadata }) => metadata.name);
  assert.deepEqual(names(withValues("namespaces.pepr=false")), ["fsm-gateway-system"]);
  assert.deepEqual(names(withValues("namespaces.operator=false")), ["pepr-system"]);
  for (const { metadata } of kinds(withValues("crds.keep=false"), "CustomResourceDefinition")) {
    assert.equal(metadata.annotations, undefined);
  }
  assert.deepEqual(the(rendered(), "GatewayClass").metadata.annotations, { "helm.sh/resource-policy": "keep" });
  assert.equal(the(withValues("gatewayClass.keep=false"), "GatewayClass").metadata.annotations, undefined);
  assert.equal(the(withValues('gatewayClass.name="edge"'), "GatewayClass").metadata.name, "edge");
  const monitor = the(withValues('podMonitor={"enabled":true,"labels":{"release":"prom"}}'), "PodMonitor");
  assert.equal(monitor.metadata.labels.release, "prom");
  assert.equal(monitor.spec.podMetricsEndpoints[0].port, "admin");
  const [webhook] = the(
    withValues('admission={"failurePolicy":"Fail","timeoutSeconds":3}'),
    "ValidatingWebhookConfiguration",
  ).webhooks;
  assert.deepEqual([webhook.failurePolicy, webhook.timeoutSeconds], ["Fail", 3]);
});

test("the network policy takes what only the cluster's owner knows", () => {
  const peer = { namespaceSelector: { matchLabels: { name: "monitoring" } } };
  const { spec } = the(
    withValues(
      `networkPolicy.adminFrom=[${JSON.stringify(peer)}]`,
      'networkPolicy.apiServer={"ports":[6443],"cidrs":["10.0.0.1/32","fd00::1/128"]}',
    ),
    "NetworkPolicy",
  );
  assert.deepEqual(spec.ingress.find((rule: Manifest) => rule.ports[0].port === "admin").from, [peer]);
  const [dns, apiServer] = spec.egress;
  assert.deepEqual(
    dns.ports.map(({ port, protocol }: Manifest) => `${port}/${protocol}`),
    ["53/UDP", "53/TCP"],
  );
  assert.deepEqual(apiServer.ports, [{ port: 6443, protocol: "TCP" }]);
  assert.deepEqual(apiServer.to, [{ ipBlock: { cidr: "10.0.0.1/32" } }, { ipBlock: { cidr: "fd00::1/128" } }]);
});

test("`helm test` asks admission, in a Pod that PodSecurity restricted allows and that holds no key", () => {
  const { ok, stdout } = run(helm, ["template", "x", CHART, "--show-only", "templates/tests/admission.yaml"]);
  assert.ok(ok);
  const { metadata, spec } = parse(stdout);
  assert.equal(metadata.annotations["helm.sh/hook"], "test");
  assert.equal(spec.containers[0].image, "localhost/fsm-gateway:dev");
  assert.ok(spec.containers[0].args[0].includes("AdmissionReview"));
  assert.deepEqual(spec.volumes[0].secret.items, [{ key: "ca.crt", path: "ca.crt" }]);
  assert.equal(spec.securityContext.runAsNonRoot, true);
});

test("a release that is kept in the operator's own namespace does not make it", () => {
  const objects = rendered("--namespace", "fsm-gateway-system");
  assert.deepEqual(
    kinds(objects, "Namespace").map(({ metadata }) => metadata.name),
    ["pepr-system"],
  );
  assert.equal(the(objects, "Deployment").metadata.namespace, "fsm-gateway-system");
});

test("wherever the release is kept, everything is where the program looks for it", () => {
  assert.deepEqual(rendered("--namespace", "elsewhere"), rendered());
});

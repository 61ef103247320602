import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { renderInstallManifest } from "../../hack/manifest/install.ts";
import * as identity from "../../src/model/identity.ts";
import { GATEWAY_API_KINDS } from "../../src/operator/kube/resource.ts";
import { ADMISSION_PATH } from "../../src/operator/pepr/environment.ts";

const IMAGE = "registry.example:5000/fsm-gateway@sha256:0123";

// biome-ignore lint/suspicious/noExplicitAny: a manifest has no type; each assertion says what it expects.
type Manifest = any;

const objects: Manifest[] = parseAllDocuments(renderInstallManifest({ image: IMAGE, version: "9.8.7" })).map(
  (document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  },
);

function the(kind: string, name: string): Manifest {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0];
}

const deployment = the("Deployment", identity.OPERATOR_NAME);
const [container] = deployment.spec.template.spec.containers;

const ADMISSION_SERVICE_NAME = `${identity.OPERATOR_NAME}${identity.ADMISSION_SERVICE_SUFFIX}`;

test("names and labels are those of the program", () => {
  assert.ok(the("Namespace", identity.OPERATOR_NAMESPACE));
  assert.equal(the("GatewayClass", identity.GATEWAY_CLASS_NAME).spec.controllerName, identity.CONTROLLER_NAME);
  assert.equal(deployment.metadata.namespace, identity.OPERATOR_NAMESPACE);
  const selector = { app: identity.OPERATOR_APP_LABEL_VALUE };
  assert.deepEqual(deployment.spec.selector.matchLabels, selector);
  assert.deepEqual(the("Service", identity.OPERATOR_NAME).spec.selector, selector);
  assert.deepEqual(the("PodDisruptionBudget", identity.OPERATOR_NAME).spec.selector.matchLabels, selector);
  const { rules } = the("Role", identity.OPERATOR_NAME);
  assert.ok(rules.some((rule: Manifest) => rule.resourceNames?.[0] === identity.CERTIFICATES_SECRET_NAME));
  assert.ok(rules.some((rule: Manifest) => rule.resourceNames?.[0] === identity.LEADER_LEASE_NAME));
});

test("`kubectl get svc -l app=fsm-gateway` finds no object of the operator", () => {
  for (const { metadata } of objects) assert.notEqual(metadata.labels?.[identity.APP_LABEL], identity.APP_LABEL_VALUE);
});

test("ports are those of the program", () => {
  const ports = Object.fromEntries(container.ports.map((port: Manifest) => [port.name, port.containerPort]));
  assert.deepEqual(ports, {
    admission: identity.ADMISSION_PORT,
    stream: identity.CONTROL_STREAM_PORT,
    admin: identity.OPERATOR_ADMIN_PORT,
  });
  const service = the("Service", identity.OPERATOR_NAME);
  const admission = the("Service", ADMISSION_SERVICE_NAME);
  assert.deepEqual(
    service.spec.ports.map((port: Manifest) => [port.port, port.targetPort]),
    [[identity.CONTROL_STREAM_PORT, "stream"]],
  );
  assert.deepEqual(
    admission.spec.ports.map((port: Manifest) => [port.port, port.targetPort]),
    [[443, "admission"]],
  );
});

test("the stream's Service selects every ready operator, admission's those that say that they answer", () => {
  const app = { app: identity.OPERATOR_APP_LABEL_VALUE };
  assert.deepEqual(the("Service", identity.OPERATOR_NAME).spec.selector, app);
  assert.deepEqual(the("Service", ADMISSION_SERVICE_NAME).spec.selector, {
    ...app,
    [identity.ADMISSION_LABEL]: identity.ADMISSION_LABEL_VALUE,
  });
  const { rules } = the("Role", identity.OPERATOR_NAME);
  assert.ok(rules.some((rule: Manifest) => rule.resources[0] === "pods" && rule.verbs.join() === "patch"));
});

test("the webhook asks our Service at the path that Pepr serves, and fails open", () => {
  const { webhooks } = the("ValidatingWebhookConfiguration", identity.WEBHOOK_CONFIGURATION_NAME);
  assert.equal(webhooks.length, 1);
  const [{ clientConfig, failurePolicy, timeoutSeconds }] = webhooks;
  assert.deepEqual(clientConfig, {
    service: {
      name: ADMISSION_SERVICE_NAME,
      namespace: identity.OPERATOR_NAMESPACE,
      path: ADMISSION_PATH,
      port: 443,
    },
  });
  assert.equal(failurePolicy, "Ignore");
  assert.equal(timeoutSeconds, 5);
});

test("image and version are put in, quoted", () => {
  assert.equal(container.image, IMAGE);
  assert.deepEqual(container.args.slice(0, 3), ["operator", "--proxy-image", IMAGE]);
  for (const { labels } of [deployment.metadata, deployment.spec.template.metadata]) {
    assert.equal(labels["app.kubernetes.io/version"], "9.8.7");
  }
});

test("the chart is of the program's version", () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  assert.equal(parse(read("charts/fsm-gateway/Chart.yaml")).appVersion, JSON.parse(read("package.json")).version);
});

test("both namespaces enforce PodSecurity restricted", () => {
  const namespaces = objects.filter(({ kind }) => kind === "Namespace");
  assert.deepEqual(
    namespaces.map(({ metadata }) => metadata.name),
    [identity.OPERATOR_NAMESPACE, "pepr-system"],
  );
  for (const { metadata } of namespaces) {
    assert.equal(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted", metadata.name);
  }
});

test("every definition of crds/ is installed, and left by `helm uninstall`", () => {
  const files = readdirSync(new URL("../../crds/", import.meta.url)).filter((name) => name.endsWith(".yaml"));
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  assert.equal(definitions.length, files.length);
  for (const file of files) {
    const { spec } = parse(readFileSync(new URL(`../../crds/${file}`, import.meta.url), "utf8"));
    const installed = the("CustomResourceDefinition", `${spec.names.plural}.${spec.group}`);
    assert.deepEqual(installed.spec, spec);
    assert.equal(installed.metadata.annotations["helm.sh/resource-policy"], "keep");
  }
});

test("nobody reaches the operator but admission's callers, proxies, and who asks for health", () => {
  const { spec } = the("NetworkPolicy", identity.OPERATOR_NAME);
  assert.deepEqual(spec.podSelector.matchLabels, { app: identity.OPERATOR_APP_LABEL_VALUE });
  assert.deepEqual(spec.policyTypes, ["Ingress", "Egress"]);
  const from = Object.fromEntries(spec.ingress.map((rule: Manifest) => [rule.ports[0].port, rule.from]));
  const proxies = {
    namespaceSelector: {},
    podSelector: { matchLabels: { [identity.APP_LABEL]: identity.APP_LABEL_VALUE } },
  };
  assert.deepEqual(from, { admission: undefined, stream: [proxies], admin: undefined });
  assert.deepEqual(
    spec.egress.map((rule: Manifest) => rule.ports.map(({ port }: Manifest) => port)),
    [
      [53, 53],
      [443, 6443, 8443, 16443],
    ],
  );
});

test("nobody is given a wildcard; secrets are changed by name only, and read everywhere by list and watch only", () => {
  const roles = objects.filter(({ kind }) => kind === "ClusterRole" || kind === "Role");
  for (const { rules } of roles) {
    for (const rule of rules)
      for (const list of [rule.apiGroups, rule.resources, rule.verbs]) assert.ok(!list.includes("*"));
  }
  const onSecrets = roles.flatMap((role) =>
    role.rules
      .filter(({ resources }: Manifest) => resources.includes("secrets"))
      .map(({ resources, resourceNames, verbs }: Manifest) => ({ in: role.kind, resources, resourceNames, verbs })),
  );
  const resources = ["secrets"];
  assert.deepEqual(onSecrets, [
    { in: "ClusterRole", resources, resourceNames: undefined, verbs: ["list", "watch"] },
    { in: "Role", resources, resourceNames: undefined, verbs: ["create"] },
    { in: "Role", resources, resourceNames: [identity.CERTIFICATES_SECRET_NAME], verbs: ["get", "update"] },
  ]);
});

test("every kind of Gateway API that the operator reads it may read, and its definition", () => {
  const { rules } = the("ClusterRole", identity.OPERATOR_NAME);
  const granted = (group: string, verb: string): string[] =>
    rules
      .filter((rule: Manifest) => rule.apiGroups.includes(group) && rule.verbs.includes(verb))
      .flatMap((rule: Manifest) => rule.resources);
  const definitions = rules.find(({ resources }: Manifest) => resources.includes("customresourcedefinitions"));
  const expected = Object.values(GATEWAY_API_KINDS).map(({ group, kind }) => ({ group, plural: pluralOf(kind) }));
  for (const { group, plural } of expected) {
    for (const verb of ["list", "watch"]) assert.ok(granted(group, verb).includes(plural), `${verb} ${plural}`);
  }
  const names = expected.map(({ group, plural }) => `${plural}.${group}`);
  assert.deepEqual([...definitions.resourceNames].sort(), names.sort());
});

/** The plural of a kind, by the rules of English as far as these kinds need them. */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  return word.endsWith("y") && !word.endsWith("ay")
    ? `${word.slice(0, -1)}ies`
    : word.replace(/s?$/, (s) => (s ? "ses" : "s"));
}

test("the GatewayClass is last: without the Gateway API's definitions it alone fails", () => {
  assert.equal(objects.at(-1).kind, "GatewayClass");
});

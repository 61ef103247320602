/**
 * The operator's rights are those that it uses: everything that the manifest grants is compared with what the API server's audit log
 * says it asked for, while it does all that it can. And with `terminate.enabled: false` it asks for no Secret but its own.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { helmProgram, renderChart } from "../../hack/manifest/chart.ts";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { testAuthority } from "../wire/authority.ts";
import { sentence } from "./conditions.ts";
import { configMap, configMapRef, secret } from "./decrypting.ts";
import { applyCrds, deployedCluster, INSTALL_MANIFEST, operatorReady } from "./deploy.ts";
import { apply, programmedAddress } from "./gateways.ts";
import { type AuditEvent, granted, type Role, usedBy, wasRefused } from "./granted.ts";
import { gatewayObject, passthrough } from "./objects.ts";

const OPERATOR = "system:serviceaccount:fsm-gateway-system:fsm-gateway";

/** Rights that need an accident to be used, which this test does not make happen; each with what they are for. */
const WITH_STATUS = [
  ...["gatewayclasses", "gateways", "listenersets", "tlsroutes", "tcproutes", "httproutes", "backendtlspolicies"].map(
    (kind) => `${kind}.gateway.networking.k8s.io`,
  ),
  "gatewayparameters.gateway.fsm.dev",
];
const FOR_ACCIDENTS = new Map(
  WITH_STATUS.map((kind) => [
    `get ${kind}`,
    "another writer was faster: the object is read anew before its status is written (src/operator/write/status.ts)",
  ]),
);

const SERVICE = "backend";
const listeners = [
  passthrough("passthrough", 8000),
  { name: "terminate", protocol: "TLS", port: 8443, tls: { mode: "Terminate", certificateRefs: [{ name: "web" }] } },
  { name: "tcp", protocol: "TCP", port: 5432 },
  { name: "http", protocol: "HTTP", port: 8080 },
];
const tlsRoute = (name: string, sectionName: string, backend: object) =>
  gatewayObject("TLSRoute", name, {
    parentRefs: [{ name: "all", sectionName }],
    hostnames: [`${name}.example`],
    rules: [{ backendRefs: [backend] }],
  });

const OBJECTS = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: SERVICE },
    spec: { ports: [{ name: "tls", port: 443 }] },
  },
  gatewayObject("BackendTLSPolicy", "policy", {
    targetRefs: [{ group: "", kind: "Service", name: SERVICE }],
    validation: { hostname: "backend.example", caCertificateRefs: [configMapRef("authorities")] },
  }),
  tlsRoute("passed", "passthrough", { name: "httpbin.org", port: 443 }),
  tlsRoute("decrypted", "terminate", { name: SERVICE, port: 443 }),
  gatewayObject("TCPRoute", "tcp", {
    parentRefs: [{ name: "all", sectionName: "tcp" }],
    rules: [{ backendRefs: [{ name: SERVICE, port: 443 }] }],
  }),
  gatewayObject("HTTPRoute", "http", { parentRefs: [{ name: "all", sectionName: "http" }] }),
  {
    apiVersion: "gateway.fsm.dev/v1alpha1",
    kind: "GatewayParameters",
    metadata: { name: "scaled" },
    spec: { autoscaling: { maxReplicas: 2 } },
  },
  gatewayObject("Gateway", "all", {
    gatewayClassName: "fsm",
    infrastructure: { parametersRef: { group: "gateway.fsm.dev", kind: "GatewayParameters", name: "scaled" } },
    allowedListeners: { namespaces: { from: "Same" } },
    listeners,
  }),
  gatewayObject("ListenerSet", "more", {
    parentRef: { name: "all" },
    listeners: [passthrough("more", 8001)],
  }),
];

describe("the operator's rights", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await deployedCluster(undefined, (fresh) => applyCrds(fresh, "experimental"), { audit: true });
  });

  after(async () => {
    await cluster?.down();
  });

  const kubectl = (...args: string[]) => cluster.kubectlOrThrow(args);

  /** What the operator asked for; the log's last line may be half a line yet. */
  async function asked(): Promise<readonly AuditEvent[]> {
    const lines = (await cluster.log("audit")).split("\n").slice(0, -1);
    const events = lines.filter((line) => line.includes(OPERATOR)).map((line) => JSON.parse(line) as AuditEvent);
    return events.filter(({ user }) => user.username === OPERATOR);
  }

  async function refused(): Promise<readonly string[]> {
    return (await asked()).filter(wasRefused).map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  }

  async function grantedByManifest(): Promise<ReadonlySet<string>> {
    const objects = parseAllDocuments(await readFile(INSTALL_MANIFEST, "utf8")).map((document) => document.toJS());
    return new Set(
      objects.filter(({ kind }) => kind === "ClusterRole" || kind === "Role").flatMap((role: Role) => granted(role)),
    );
  }

  it("serves every kind, takes everything down again, and finds its damaged certificates", async () => {
    const authority = await testAuthority();
    const web = await authority.issue({ dns: ["decrypted.example"] });
    await apply(cluster, "default", secret("web", web), configMap("authorities", authority.ca), ...OBJECTS);
    await programmedAddress(cluster, "default", "all");
    // Not ours any more: what was made for it goes.
    await apply(
      cluster,
      "default",
      gatewayObject("GatewayClass", "foreign", { controllerName: "example.com/another" }),
    );
    await kubectl("patch", "gateway", "all", "--type=merge", "-p", '{"spec":{"gatewayClassName":"foreign"}}');
    await kubectl("wait", "--for=delete", "deployment/fsm-gateway-all", "--timeout=55s");
    // Nobody's certificates: the next replica that starts makes new ones and tells the API server.
    const system = ["-n", "fsm-gateway-system"];
    await kubectl(
      ...system,
      "patch",
      "secret",
      "fsm-gateway-certificates",
      "--type=merge",
      "-p",
      '{"data":{"tls.crt":""}}',
    );
    await kubectl(...system, "rollout", "restart", "deployment/fsm-gateway");
    await operatorReady(cluster);
  });

  it("were all used, or are for accidents that are named; and nothing that it asked for was refused", async (t) => {
    const rights = await grantedByManifest();
    assert.ok(rights.size > 60, `${rights.size} rights`);
    for (const right of FOR_ACCIDENTS.keys()) assert.ok(rights.has(right), `nobody is given "${right}"`);
    const unused = async () => {
      const used = new Set((await asked()).flatMap(usedBy));
      // A watch lists first where the API server can stream lists, as this one does. Older ones need the right to list.
      const isUsed = (right: string) => used.has(right) || used.has(right.replace(/^list /, "watch "));
      return [...rights].filter((right) => !isUsed(right) && !FOR_ACCIDENTS.has(right));
    };
    await waitFor("every right is used", async () => (await unused()).length === 0, 20_000).catch(() => {});
    t.diagnostic(`${rights.size} rights, ${(await asked()).length} requests`);
    assert.deepEqual(await unused(), []);
    assert.deepEqual(await refused(), []);
  });

  it("hold no Secret when nothing is to be decrypted, and such listeners are told", async () => {
    const input = renderChart(helmProgram(), ["--set", "terminate.enabled=false"]);
    await cluster.kubectlOrThrow(["apply", "-f", "-"], { input });
    await operatorReady(cluster);
    const since = new Date().toISOString();
    const can = ["auth", "can-i", "list", "secrets", "--all-namespaces", "--as", OPERATOR];
    assert.equal((await cluster.kubectl(can)).stdout.trim(), "no");
    await kubectl("patch", "gateway", "all", "--type=merge", "-p", '{"spec":{"gatewayClassName":"fsm"}}');
    const told = await waitFor(
      "the listeners' conditions",
      async () => {
        const { status } = JSON.parse(await kubectl("get", "gateway", "all", "-o", "json"));
        const ofListener = (name: string) =>
          status?.listeners?.find((one: { name: string }) => one.name === name)?.conditions;
        const passes = sentence(ofListener("passthrough"), "Programmed", "True");
        return passes !== undefined && sentence(ofListener("terminate"), "Accepted", "False");
      },
      55_000,
    );
    assert.match(told, /^UnsupportedValue: .*--terminate=false/);
    // A watch that an older replica began is written down once more when it ends.
    const events = (await asked()).filter(({ requestReceivedTimestamp }) => requestReceivedTimestamp >= since);
    assert.ok(events.length > 10, `${events.length} requests`);
    const secrets = events.flatMap(({ objectRef }) =>
      objectRef?.resource === "secrets" ? [`${objectRef.namespace}/${objectRef.name}`] : [],
    );
    assert.deepEqual(
      secrets.filter((name) => name !== "fsm-gateway-system/fsm-gateway-certificates"),
      [],
    );
    assert.deepEqual(await refused(), []);
  });
});

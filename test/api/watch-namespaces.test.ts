/** The operator with Roles in one namespace: it serves that one, and needs no right in any other. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { helmProgram, renderChart } from "../../hack/manifest/chart.ts";
import { waitFor } from "../support/wait-for.ts";
import { startLeader } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough, tlsRoute } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

const TERMINATED =
  "{ name: terminated, port: 8443, protocol: TLS, tls: { mode: Terminate, certificateRefs: [{ name: absent }] } }";

let api: Fixture;
before(async () => {
  const objects = ["shop", "other"].map((name) => namespace(name) + gatewayAndRoute(name)).join("");
  api = await startWithGatewayApi({ channel: "experimental", objects: gatewayClass() + objects });
});
after(() => api?.stop());

/** With a listener that terminates TLS, so that a Secret is read. */
function gatewayAndRoute(namespace: string): string {
  return gateway({ namespace, listeners: [passthrough(443), TERMINATED] }) + tlsRoute("a.example", namespace);
}

// biome-ignore lint/suspicious/noExplicitAny: objects of several kinds; each assertion says what it expects.
async function read(namespace: string, ...args: readonly string[]): Promise<any> {
  const { code, stdout } = await api.kubectl(["-n", namespace, "get", ...args, "-o", "json"]);
  return code === 0 ? JSON.parse(stdout) : undefined;
}

test("the watched namespace is served with Roles only, and others are neither read nor written", async (t) => {
  const manifest = renderChart(helmProgram(), ["--set-json", 'watchNamespaces=["shop"]']);
  const client = await api.operatorClient(manifest);
  await assert.rejects(
    client.get(
      { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true },
      { namespace: "other", name: "x" },
    ),
    /forbidden/i,
  );
  await startLeader(t, { client, watchNamespaces: new Set(["shop"]) });
  await waitFor("the Deployment", () => read("shop", "deployment", "fsm-gateway-g"), 30_000);
  const reasonOf = async () => {
    const { status } = await read("shop", "gateway", "g");
    const listener = status?.listeners?.find(({ name }: { name: string }) => name === "terminated");
    return listener?.conditions.find(({ type }: { type: string }) => type === "ResolvedRefs")?.reason;
  };
  await waitFor("the listener's condition", async () => (await reasonOf()) === "InvalidCertificateRef", 30_000);
  await waitFor(
    "the route's status",
    async () => (await read("shop", "tlsroute", "r")).status?.parents?.length === 1,
    30_000,
  );
  assert.equal(await read("other", "deployment", "fsm-gateway-g"), undefined);
  assert.equal((await read("other", "tlsroute", "r")).status?.parents?.length ?? 0, 0);
});

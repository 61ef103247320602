/** Who a proxy is, told by a real API server from real ServiceAccount tokens. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Gateway } from "../../src/gateway-api/objects.ts";
import { childName } from "../../src/infra/names.ts";
import { STREAM_TOKEN_AUDIENCE } from "../../src/model/identity.ts";
import { tokenAuthentication } from "../../src/operator/authenticate.ts";
import { namespace, pod } from "./manifests.ts";
import { type Fixture, startFixture } from "./operator-fixture.ts";

const PROXY = childName("g");
const GATEWAY: Gateway = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "g", namespace: "team" },
  spec: { gatewayClassName: "fsm" },
};
let cluster: Fixture;

const serviceAccount = (name: string) => `apiVersion: v1
kind: ServiceAccount
metadata: { name: ${name}, namespace: team }
`;

before(async () => {
  cluster = await startFixture();
  await cluster.applyYaml(namespace("team"));
  await cluster.applyYaml([serviceAccount(PROXY), serviceAccount("other")].join("---\n"));
  await cluster.applyYaml(pod("proxy-1", PROXY) + pod("other-1", "other"));
});

after(() => cluster.stop());

const authenticate = (value: string) => tokenAuthentication(cluster.client, () => [GATEWAY])(value);

async function token(account: string, audience: string, podName?: string): Promise<string> {
  const bound = podName === undefined ? [] : ["--bound-object-kind=Pod", `--bound-object-name=${podName}`];
  const { code, stdout, stderr } = await cluster.kubectl([
    ...["create", "token", account, "--namespace=team", `--audience=${audience}`],
    ...bound,
  ]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

test("the ServiceAccount of a Gateway's proxy leads to that Gateway, the token's Pod is the proxy", async () => {
  const answer = await authenticate(await token(PROXY, STREAM_TOKEN_AUDIENCE, "proxy-1"));
  assert.deepEqual(answer, { ok: true, gateway: "team/g", proxyId: "proxy-1" });
});

test("a token for another audience is refused, though the API server itself would take it", async () => {
  const answer = await authenticate(await token(PROXY, "https://kubernetes.default.svc.cluster.local", "proxy-1"));
  assert.equal(answer.ok, false);
});

test("another ServiceAccount of the namespace sees nothing", async () => {
  const answer = await authenticate(await token("other", STREAM_TOKEN_AUDIENCE, "other-1"));
  assert.match(answer.ok ? "" : answer.reason, /team:other is not the ServiceAccount of a Gateway's proxy/);
});

test("a token that belongs to no Pod is refused", async () => {
  assert.equal((await authenticate(await token(PROXY, STREAM_TOKEN_AUDIENCE))).ok, false);
});

test("a forged token is refused", async () => {
  const [head, body] = (await token(PROXY, STREAM_TOKEN_AUDIENCE, "proxy-1")).split(".");
  const signature = Buffer.from("forged".repeat(12)).toString("base64url");
  const answer = await authenticate(`${head}.${body}.${signature}`);
  assert.match(answer.ok ? "" : answer.reason, /not valid for fsm-gateway-control/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestCa } from "./testing/certificates.ts";
import { authenticate, GATEWAY, type Recorder, routes, Stage, until } from "./testing/stage.ts";

const warned = (log: Recorder, reason: RegExp) =>
  log.lines.some(({ level, fields }) => level === "warn" && reason.test(String(fields.reason)));

test("a token that is not good is refused with the reason, and nothing is said of any Gateway", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, reports } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const { client, applier, log } = stage.client(port, { token: async () => "forged" });
  await until(() => warned(log, /unauthenticated.*the token is none of ours/));
  assert.equal(client.connected, false);
  assert.equal(applier.applied.length, 0);
  assert.equal(reports.length, 0);
});

test("a request without a bearer token is refused before anyone is asked about it", async (t) => {
  const stage = await Stage.set(t);
  let asked = 0;
  const counting = (token: string) => {
    asked += 1;
    return authenticate(token);
  };
  const { port } = await stage.server({ authenticate: counting });
  const { log } = stage.client(port, { token: async () => "" });
  await until(() => warned(log, /a bearer token is required/));
  assert.equal(asked, 0);
});

test("a proxy sees the Gateway of its token and no other", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, reports } = await stage.server();
  const [ours, theirs] = [routes(1), routes(2)];
  server.publish(GATEWAY, ours);
  server.publish("bank/web", theirs);
  const { applier } = stage.client(port, { token: async () => "bank/web/pod-9\n", proxyId: "web-0" });
  await until(() => applier.revision === theirs.revision);
  server.publish(GATEWAY, routes(3));
  server.publish("bank/web", routes(4));
  await until(() => applier.revision === routes(4).revision);
  assert.deepEqual(
    applier.applied.map(({ revision }) => revision),
    [theirs.revision, routes(4).revision],
  );
  assert.ok(reports.every(({ gateway, proxyId }) => gateway === "bank/web" && proxyId === "pod-9"));
});

test("while the token cannot be verified the proxy tries again, and is admitted when it can", async (t) => {
  const stage = await Stage.set(t);
  let away = true;
  const { server, port } = await stage.server({
    authenticate: async (token) => {
      if (away) throw new Error("the API server is away");
      return authenticate(token);
    },
  });
  server.publish(GATEWAY, routes(1));
  const { client, applier, log } = stage.client(port);
  await until(() => warned(log, /unavailable.*cannot be verified now/));
  away = false;
  await until(() => client.connected && applier.revision === routes(1).revision);
});

test("a CA that is not ours is refused by the proxy, which says so and sends no token", async (t) => {
  const stage = await Stage.set(t);
  let asked = 0;
  const { port } = await stage.server({
    authenticate: (token) => {
      asked += 1;
      return authenticate(token);
    },
  });
  const stranger = await createTestCa();
  const { client, log } = stage.client(port, { ca: async () => stranger.cert });
  await until(() => warned(log, /certificate/));
  assert.equal(client.connected, false);
  assert.equal(asked, 0);
});

test("a certificate of another name is refused by the proxy", async (t) => {
  const stage = await Stage.set(t);
  const { port } = await stage.server({ certificate: await stage.ca.issue("other.test") });
  const { client, log } = stage.client(port);
  await until(() => warned(log, /altnames/));
  assert.equal(client.connected, false);
});

test("the CA is read at each connection: a rotated one is found without a restart", async (t) => {
  const stage = await Stage.set(t);
  const { port } = await stage.server();
  let ca = (await createTestCa()).cert;
  const { client, log } = stage.client(port, { ca: async () => ca });
  await until(() => warned(log, /certificate/));
  ca = stage.ca.cert;
  await until(() => client.connected);
});

test("a rotated server certificate meets new connections and leaves streams alone", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, gone, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const first = stage.client(port);
  await until(() => lastReport()?.revision === routes(1).revision);

  server.setSecureContext(await stage.ca.issue("rotated.test"));
  stage.client(port, { serverName: "rotated.test", token: async () => `${GATEWAY}/web-1` });
  await until(() => lastReport("web-1")?.revision === routes(1).revision);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
  assert.deepEqual(gone, []);
  assert.equal(first.log.lines.filter(({ level }) => level === "warn").length, 0);
});

test("a proxy must show a token that is valid now, and its stream goes on without a gap when it does", async (t) => {
  const stage = await Stage.set(t);
  const seen: string[] = [];
  const { server, port, gone, lastReport } = await stage.server({
    timing: { reauthenticateMs: 20 },
    authenticate: (token) => {
      seen.push(token);
      return authenticate(token);
    },
  });
  let issued = 0;
  const { client } = stage.client(port, { token: async () => `${GATEWAY}/web-0/${issued++}` });
  await until(() => seen.length >= 4);
  assert.deepEqual(
    seen.slice(0, 4),
    [0, 1, 2, 3].map((n) => `${GATEWAY}/web-0/${n}`),
  );
  server.publish(GATEWAY, routes(1));
  await until(() => lastReport()?.revision === routes(1).revision);
  assert.equal(client.connected, true);
  assert.deepEqual(gone, []);
});

for (const [what, token, reason] of [
  ["expired", "expired", /unauthenticated.*none of ours/],
  ["another proxy's", "bank/web/pod-9", /permission_denied.*another proxy's/],
] as const) {
  test(`a fresh token that is ${what} ends the stream`, async (t) => {
    const stage = await Stage.set(t);
    const { port, gone } = await stage.server({ timing: { reauthenticateMs: 20 } });
    let asked = 0;
    const { log } = stage.client(port, { token: async () => (asked++ === 0 ? `${GATEWAY}/web-0` : token) });
    await until(() => warned(log, reason));
    await until(() => gone.includes(`${GATEWAY}/web-0`));
  });
}

test("an admitted proxy is not cut off because tokens cannot be verified for a while", async (t) => {
  const stage = await Stage.set(t);
  let asked = 0;
  const { server, port, gone, lastReport } = await stage.server({
    timing: { reauthenticateMs: 10 },
    authenticate: async (token) => {
      asked += 1;
      if (asked > 1) throw new Error("the API server is away");
      return authenticate(token);
    },
  });
  stage.client(port);
  await until(() => asked >= 4);
  server.publish(GATEWAY, routes(1));
  await until(() => lastReport()?.revision === routes(1).revision);
  assert.deepEqual(gone, []);
});

test("an address with too many attempts is rejected before its token is reviewed", async (t) => {
  const stage = await Stage.set(t);
  let reviews = 0;
  const rejecting = async () => {
    reviews += 1;
    return { ok: false, reason: "the token is none of ours" } as const;
  };
  const { port } = await stage.server({ authenticate: rejecting, attemptLimits: { burst: 2, perSecond: 0.001 } });
  const { log } = stage.client(port, { token: async () => "forged" });
  await until(() => warned(log, /resource_exhausted.*asks to be authenticated too often/));
  assert.equal(reviews, 2);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOPBACK } from "../../test/wire/sockets.ts";
import { serveAdmin } from "./admin-server.ts";

test("answers for health, readiness and metrics, and for nothing else", async (t) => {
  const source = {
    missing: "no configuration" as string | undefined,
    notReady(): string | undefined {
      return this.missing;
    },
    metrics: { contentType: "text/plain; version=0.0.4", expose: async () => "fsm_gateway_build_info 1\n" },
  };
  const admin = await serveAdmin(source, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const get = async (path: string, method = "GET") => {
    const response = await fetch(`http://${LOOPBACK}:${admin.port}${path}`, { method });
    return [response.status, await response.text(), response.headers.get("content-type")] as const;
  };
  assert.deepEqual((await get("/healthz")).slice(0, 2), [200, "ok\n"]);
  assert.deepEqual((await get("/readyz")).slice(0, 2), [503, "not ready: no configuration\n"]);
  source.missing = undefined;
  assert.deepEqual((await get("/readyz?verbose")).slice(0, 2), [200, "ready\n"]);
  assert.deepEqual(await get("/metrics"), [200, "fsm_gateway_build_info 1\n", "text/plain; version=0.0.4"]);
  assert.equal((await get("/"))[0], 404);
  assert.equal((await get("/healthz", "POST"))[0], 405);
});

test("a source that fails is a 500, and the server lives", async (t) => {
  const metrics = { contentType: "text/plain", expose: async () => Promise.reject(new Error("broken")) };
  const admin = await serveAdmin({ notReady: () => undefined, metrics }, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  assert.equal((await fetch(`http://${LOOPBACK}:${admin.port}/metrics`)).status, 500);
  assert.equal((await fetch(`http://${LOOPBACK}:${admin.port}/healthz`)).status, 200);
});

test("an address that cannot be bound rejects", async (t) => {
  const source = { notReady: () => undefined, metrics: { contentType: "text/plain", expose: async () => "" } };
  const admin = await serveAdmin(source, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  await assert.rejects(serveAdmin(source, { address: LOOPBACK, port: admin.port }), { code: "EADDRINUSE" });
});

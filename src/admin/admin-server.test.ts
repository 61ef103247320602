import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { test } from "node:test";
import { connectTo, eventually, LOOPBACK, readAll } from "../../test/wire/sockets.ts";
import { MAX_ADMIN_CONNECTIONS } from "../model/descriptor-budget.ts";
import { isLoopback, serveAdmin } from "./admin-server.ts";

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

test("asked for it, readiness says of each part whether it is there", async (t) => {
  const checks = () => [
    { name: "informers", missing: "TLSRoute" },
    { name: "admission", missing: undefined },
  ];
  const source = { notReady: () => "waiting for TLSRoute", checks, metrics: undefined };
  const admin = await serveAdmin(source, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const response = await fetch(`http://${LOOPBACK}:${admin.port}/readyz?verbose`);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "[-]informers: TLSRoute\n[+]admission ok\nnot ready: waiting for TLSRoute\n");
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

test("pages are JSON, or say what is wrong with the query; private ones are for this machine alone", async (t) => {
  const read = async (query: URLSearchParams) =>
    query.has("bad") ? { problem: "bad: is bad" } : { body: { host: query.get("host") } };
  const source = {
    notReady: () => undefined,
    metrics: undefined,
    pages: { "/open": { read, isPrivate: false }, "/private": { read, isPrivate: true } },
  };
  const start = async (...isLocal: ((address: string) => boolean)[]) => {
    const admin = await serveAdmin(source, { address: LOOPBACK, port: 0 }, ...isLocal);
    t.after(() => admin.close());
    return async (path: string, method = "GET") => {
      const response = await fetch(`http://${LOOPBACK}:${admin.port}${path}`, { method });
      return [response.status, await response.text()] as const;
    };
  };
  const get = await start();
  assert.deepEqual(await get("/private?host=a.example"), [200, '{\n  "host": "a.example"\n}\n']);
  assert.deepEqual(await get("/open?bad"), [400, "bad: is bad\n"]);
  assert.deepEqual(await get("/other"), [404, "There are /healthz, /readyz, /metrics, /open, /private.\n"]);
  assert.equal((await get("/constructor"))[0], 404);
  assert.equal((await get("/open", "POST"))[0], 405);
  const fromElsewhere = await start((address) => address !== LOOPBACK);
  assert.equal((await fromElsewhere("/private"))[0], 403);
  assert.equal((await fromElsewhere("/open"))[0], 200);
});

test("loopback is this machine, in either way to write it", () => {
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) assert.equal(isLoopback(address), true);
  // An Istio sidecar connects from 127.0.0.6.
  for (const address of [
    "127.0.0.6",
    "::ffff:127.0.0.6",
    "127.1.2.3",
    "10.0.0.1",
    "::",
    "::ffff:10.0.0.1",
    "fe80::1",
    "",
  ])
    assert.equal(isLoopback(address), false);
});

test("metrics and public pages are read once a second for all callers, private ones on each request", async (t) => {
  const counts = { metrics: 0, open: 0, private: 0 };
  const page = (name: "open" | "private") => async () => ({ body: ++counts[name] });
  const source = {
    notReady: () => undefined,
    metrics: { contentType: "text/plain", expose: async () => `${++counts.metrics}\n` },
    pages: {
      "/open": { read: page("open"), isPrivate: false },
      "/private": { read: page("private"), isPrivate: true },
    },
  };
  const admin = await serveAdmin(source, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const get = async (path: string) => (await fetch(`http://${LOOPBACK}:${admin.port}${path}`)).text();
  const startMs = performance.now();
  for (let turn = 0; turn < 20; turn++) {
    await Promise.all([get("/metrics"), get("/open?gateway=a&gateway=b"), get("/open?gateway=a"), get("/private")]);
  }
  const most = Math.ceil((performance.now() - startMs) / 1_000) + 1;
  assert.ok(counts.metrics <= most, `${counts.metrics} readings of the metrics`);
  assert.ok(counts.open <= most, `${counts.open} readings of the page`);
  assert.equal(counts.private, 20);
});

test("thousands of idle connections are reset immediately, and do not block a probe", async (t) => {
  const admin = await serveAdmin({ notReady: () => undefined, metrics: undefined }, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const crowd: net.Socket[] = [];
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  for (let count = 0; count < 300; count++) crowd.push(await connectTo(admin.port));
  assert.equal((await fetch(`http://${LOOPBACK}:${admin.port}/healthz`)).status, 200);
  const open = () => crowd.filter((socket) => !socket.destroyed).length;
  await eventually(
    () => open() <= MAX_ADMIN_CONNECTIONS,
    () => `${open()} connections are open`,
  );
  assert.ok(open() > 0, "a caller that is a moment late is not reset");
});

test("a request that does not come whole is ended after some seconds", { timeout: 20_000 }, async (t) => {
  const admin = await serveAdmin({ notReady: () => undefined, metrics: undefined }, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const [silent, slow] = await Promise.all([connectTo(admin.port), connectTo(admin.port)]);
  slow.write("GET /healthz HTTP/1.1\r\nhost: a\r\n");
  const startMs = performance.now();
  await Promise.all([silent, slow].map((socket) => readAll(socket)));
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs > 4_000 && tookMs < 10_000, `${tookMs} ms`);
});

test("a connection may send its next request when it has the response to the last, and is reset before that", async (t) => {
  const metrics = { contentType: "text/plain", expose: async () => "m ".repeat(100_000) };
  const admin = await serveAdmin({ notReady: () => undefined, metrics }, { address: LOOPBACK, port: 0 });
  t.after(() => admin.close());
  const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const polite = await connectTo(admin.port);
  t.after(() => polite.destroy());
  for (let count = 0; count < 20; count++) {
    polite.write(request);
    const [chunk] = await once(polite, "data");
    assert.match(String(chunk), /^HTTP\/1\.1 200 OK/);
  }
  const pipelined = await connectTo(admin.port);
  pipelined.on("data", () => {});
  pipelined.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000));
  const [error] = await once(pipelined, "error", { signal: AbortSignal.timeout(5_000) });
  assert.equal(error.code, "ECONNRESET");
});

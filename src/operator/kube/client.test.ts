import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { isApiError, retryAfterMs } from "./api-error.ts";
import { KubeClient } from "./client.ts";
import { DEPLOYMENTS, NAMESPACES, SERVICES } from "./resource.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly port: number;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(JSON.stringify(body));

/** A fake API server, for answers and faults that a real one does not give when asked. */
async function setUp(answer: Answer, { path = "", user = { name: "user" } as User } = {}) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method = "", url = "", headers, socket } = request;
    seen.push({ method, url, headers, body, port: socket.remotePort ?? 0 });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const cluster: Cluster = { name: "fake", server: url, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, user);
  const client = new KubeClient(config);
  cleanups.push(() => {
    client.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { client, seen };
}

const object = { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "ns" } };

test("each operation is one request of its form", async () => {
  const { client, seen } = await setUp(json(200, {}), { path: "/prefix/" });
  await client.get(NAMESPACES, { name: "ns" });
  await client.list(SERVICES, { namespace: "ns", labelSelector: "a=b", limit: 5, continue: "x/=" });
  await client.create(SERVICES, object, { fieldManager: "m" });
  await client.put(SERVICES, object, { subresource: "status" });
  await client.patch(DEPLOYMENTS, { namespace: "ns", name: "d" }, { spec: {} });
  await client.apply(SERVICES, object, { fieldManager: "m", force: true });
  await client.delete(SERVICES, { namespace: "ns", name: "a" }, { uid: "u" });
  assert.deepEqual(
    seen.map(({ method, url, headers }) => [method, url, headers["content-type"]]),
    [
      ["GET", "/prefix/api/v1/namespaces/ns", undefined],
      ["GET", "/prefix/api/v1/namespaces/ns/services?labelSelector=a%3Db&limit=5&continue=x%2F%3D", undefined],
      ["POST", "/prefix/api/v1/namespaces/ns/services?fieldManager=m", "application/json"],
      ["PUT", "/prefix/api/v1/namespaces/ns/services/a/status", "application/json"],
      ["PATCH", "/prefix/apis/apps/v1/namespaces/ns/deployments/d", "application/merge-patch+json"],
      ["PATCH", "/prefix/api/v1/namespaces/ns/services/a?fieldManager=m&force=true", "application/apply-patch+yaml"],
      ["DELETE", "/prefix/api/v1/namespaces/ns/services/a", "application/json"],
    ],
  );
  const deletion = JSON.parse(seen.at(-1)?.body ?? "");
  assert.deepEqual(deletion, { propagationPolicy: "Background", preconditions: { uid: "u" } });
  assert.equal(new Set(seen.map(({ port }) => port)).size, 1, "all over one connection");
});

test("a request finds a connection while 16 status writes are in flight", async () => {
  const writes: ServerResponse[] = [];
  const { client } = await setUp((request, response) => {
    if (request.method === "PUT") writes.push(response);
    else response.end("{}");
  });
  const sent = Array.from({ length: 16 }, () => client.put(SERVICES, object, { subresource: "status" }));
  await client.get(NAMESPACES, { name: "ns" }, { timeoutMs: 5_000 });
  while (writes.length < sent.length) await new Promise((resolve) => setImmediate(resolve));
  for (const response of writes) response.end("{}");
  await Promise.all(sent);
});

test("a failure names the request and what the API server said", async () => {
  const { client } = await setUp(
    json(429, { reason: "TooManyRequests", message: "slow down" }, { "retry-after": "3" }),
  );
  await assert.rejects(client.get(NAMESPACES, { name: "ns" }), (error) => {
    assert.ok(isApiError(error, "TooManyRequests"));
    assert.equal(error.message, "GET /api/v1/namespaces/ns: 429 slow down");
    assert.equal(retryAfterMs(error), 3_000);
    return true;
  });
});

test("an answer that is no JSON, or of something that is no API server, is a failure too", async () => {
  const html = await setUp((_, response) => response.end("<html>"));
  await assert.rejects(html.client.get(NAMESPACES, { name: "ns" }), (error) => isApiError(error, "Unexpected"));
  const gateway = await setUp((_, response) => response.writeHead(502).end("bad gateway"));
  await assert.rejects(gateway.client.get(NAMESPACES, { name: "ns" }), /502 bad gateway/);
});

test("a connection that breaks is Unreachable and keeps its cause", async () => {
  const { client } = await setUp((request) => request.socket.destroy());
  await assert.rejects(client.get(NAMESPACES, { name: "ns" }), (error) => {
    return isApiError(error, "Unreachable") && error.cause instanceof Error;
  });
});

test("no answer in time is a Timeout, of the head and of the body", async () => {
  const silent = await setUp(() => undefined);
  const call = { timeoutMs: 50 };
  await assert.rejects(silent.client.get(NAMESPACES, { name: "ns" }, call), (error) => isApiError(error, "Timeout"));
  const half = await setUp((_, response) => response.writeHead(200).write("{"));
  await assert.rejects(half.client.get(NAMESPACES, { name: "ns" }, call), (error) => isApiError(error, "Timeout"));
});

test("who cannot even be connected to is given up soon, however long the call may take", {
  skip: noBlackhole(),
}, async () => {
  const hole = await startBlackhole();
  cleanups.push(() => hole.close());
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "hole", server: `https://${hole.address}`, skipTLSVerify: true }, { name: "" });
  const client = new KubeClient(config);
  cleanups.push(() => client.close());
  const watch = client.watch(NAMESPACES, { resourceVersion: "1", timeoutSeconds: 300 });
  for (const call of await Promise.allSettled([client.list(NAMESPACES), watch.next()])) {
    const error = call.status === "rejected" ? call.reason : undefined;
    assert.ok(isApiError(error, "Unreachable"));
    assert.match(error.message, /no connection within 5000 ms/);
  }
});

test("an abort by the caller is no ApiError: its own reason comes back", async () => {
  const { client } = await setUp(() => undefined);
  const reason = new Error("no longer leader");
  const controller = new AbortController();
  const pending = client.get(NAMESPACES, { name: "ns" }, { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await assert.rejects(pending, (error) => error === reason);
});

test("credentials are sent, and read anew after a 401", async () => {
  const users = { token: "old" };
  const { client, seen } = await setUp(
    (request, response) => json(request.headers.authorization === "Bearer new" ? 200 : 401, {})(request, response),
    {
      user: {
        name: "user",
        get token() {
          return users.token;
        },
      },
    },
  );
  await assert.rejects(client.get(NAMESPACES, { name: "ns" }), (error) => isApiError(error, "Unauthorized"));
  users.token = "new";
  await client.get(NAMESPACES, { name: "ns" });
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    ["Bearer old", "Bearer new"],
  );
});

test("a kubeconfig without a current cluster says what to mend", () => {
  assert.throws(() => new KubeClient(new KubeConfig()), /current-context/);
});

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { LOOPBACK } from "../../test/wire/sockets.ts";
import { serveAdmin } from "./admin-server.ts";
import { isAddressOrLocalhost } from "./host-header.ts";

test("localhost and addresses are no DNS names, with and without a port", () => {
  for (const host of [
    undefined,
    "localhost",
    "localhost:19001",
    "LocalHost:1",
    "127.0.0.1",
    "127.0.0.1:80",
    "[::1]",
    "[::1]:80",
  ])
    assert.equal(isAddressOrLocalhost(host), true, `${host}`);
  for (const host of [
    "",
    "evil.example",
    "evil.example:19001",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1:80@evil.example",
    "localhost:80:80",
    "[evil.example]",
    "[127.0.0.1]",
    "::1",
    "127.1",
  ])
    assert.equal(isAddressOrLocalhost(host), false, host);
});

test("a private page is not served by a DNS name, other paths are", async (t) => {
  const read = async () => ({ body: "content" });
  const pages = { "/private": { read, isPrivate: true }, "/open": { read, isPrivate: false } };
  const admin = await serveAdmin(
    { notReady: () => undefined, metrics: undefined, pages },
    { address: LOOPBACK, port: 0 },
  );
  t.after(() => admin.close());
  const status = (path: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { host: LOOPBACK, port: admin.port, path, headers: { host }, agent: false };
      http
        .get(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .on("error", reject);
    });
  assert.equal(await status("/private", `evil.example:${admin.port}`), 403);
  assert.equal(await status("/private", `localhost:${admin.port}`), 200);
  assert.equal(await status("/private", `[::1]:${admin.port}`), 200);
  for (const path of ["/open", "/healthz", "/readyz", "/metrics"])
    assert.equal(await status(path, "proxy.shop.svc:9080"), 200);
});

/** docs/guides/observe.md is written by hand; its words are those of the code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { proxyPages } from "../../src/cli/proxy-pages.ts";
import { connectionFields } from "../../src/proxy/observe/access-log.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { CONNECTION_STATES } from "../../src/proxy/observe/open-connection.ts";
import type { ConnectionRecord } from "../../src/proxy/relay/engine.ts";
import { readHello } from "../../src/proxy/tls/hello-parser.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";

const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/observe.md"), "utf8");

/** The words in backquotes of the first cells of a table's rows. */
function firstCells(heading: string): string[] {
  const rows = guide.slice(guide.indexOf(heading)).split("\n\n", 1)[0]?.split("\n").slice(2) ?? [];
  return rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? ""));
}

test("the states are those of the code, with their meaning", () => {
  assert.deepEqual(firstCells("| state |"), Object.keys(CONNECTION_STATES));
  for (const [state, meaning] of Object.entries(CONNECTION_STATES)) {
    assert.ok(guide.includes(`| \`${state}\` | ${meaning} |`), state);
  }
});

test("the pages are those of the admin port", () => {
  const pages = proxyPages({ metrics: new ProxyMetrics("x"), proxies: () => new Map() });
  assert.deepEqual(firstCells("| page |"), Object.keys(pages));
});

test("the log's fields are all there", () => {
  const hello = helloFor("a.example");
  const read = readHello(hello, hello.length);
  assert.ok(read.state === "hello");
  const everything: Required<ConnectionRecord> = {
    reason: "completed",
    detail: "d",
    path: { listener: "l", route: "r", backend: "b" },
    port: 1,
    clientAddress: "c",
    peerAddress: "p",
    uniqueId: "u",
    hello: { ...read.hello, encryptedClientHello: true, postQuantum: true },
    endpoint: "e",
    bytesIn: 1,
    bytesOut: 1,
    counted: { bytesIn: 1, bytesOut: 1 },
    durationMs: 1,
    helloMs: 1,
    connectMs: 1,
    decrypted: { version: "TLSv1.3", clientCertificate: "CN=a" },
    backendTlsVersion: "TLSv1.3",
  };
  const fields = Object.keys(connectionFields(everything));
  // The peer's address is told beside the client's.
  assert.deepEqual(firstCells("| field |").sort(), fields.filter((field) => field !== "peerAddress").sort());
});

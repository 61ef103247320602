import assert from "node:assert/strict";
import { test } from "node:test";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import { readHello } from "../tls/hello-parser.ts";
import { connectionFields } from "./access-log.ts";
import { ProxyMetrics } from "./metrics.ts";
import { Tallying } from "./tally.ts";

const hello = readHello(helloFor("a.example"), helloFor("a.example").length);
assert.ok(hello.state === "hello");

const record: ConnectionRecord = {
  reason: "completed",
  path: { listener: "ns/gw/l", route: "ns/r", backend: "b" },
  port: 443,
  clientAddress: "192.0.2.1:1234",
  hello: { ...hello.hello, encryptedClientHello: true, postQuantum: true },
  endpoint: "10.0.0.1:443",
  bytesIn: 10,
  bytesOut: 20,
  durationMs: 1_500,
  helloMs: 2.6,
  connectMs: 30,
};

test("counts connections by listener and reason, and nothing by name or address", async () => {
  const metrics = new ProxyMetrics("1.2.3");
  metrics.connectionOpened();
  metrics.connectionOpened();
  metrics.connectionEnded(record, "ns/gw/l");
  metrics.configApplied();
  metrics.configRefused("unknown_backend");
  const text = await metrics.expose();
  const expected = [
    'fsm_gateway_build_info{version="1.2.3"} 1',
    'fsm_gateway_connections_total{listener="ns/gw/l",reason="completed"} 1',
    "fsm_gateway_connections_active 1",
    'fsm_gateway_bytes_received_total{listener="ns/gw/l"} 10',
    'fsm_gateway_bytes_sent_total{listener="ns/gw/l"} 20',
    "fsm_gateway_config_applied_total 1",
    'fsm_gateway_config_refused_total{reason="unknown_backend"} 1',
    "fsm_gateway_hello_duration_seconds_sum 0.0026",
    "fsm_gateway_connect_duration_seconds_sum 0.03",
    "fsm_gateway_connection_duration_seconds_sum 1.5",
  ];
  for (const line of expected) assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  for (const word of ["a.example", "192.0.2.1", "10.0.0.1", "ns/r"]) assert.equal(text.includes(word), false, word);
});

test("a listener that is gone takes its series with it", async () => {
  const metrics = new ProxyMetrics("1.2.3");
  metrics.connectionOpened();
  metrics.connectionEnded(record, "ns/gw/l");
  metrics.forgetListener("ns/gw/l");
  assert.equal((await metrics.expose()).includes("ns/gw/l"), false);
});

/** The same text but for what a registry orders by insertion. */
const linesOf = async (metrics: ProxyMetrics) => (await metrics.expose()).split("\n").sort();

test("sums say what single connections say", async () => {
  const records: ConnectionRecord[] = [
    record,
    { ...record, bytesIn: 7, durationMs: 0.5, helloMs: 10_001 },
    { ...record, reason: "idle_timeout", durationMs: 90_000_000 },
    { ...record, path: { listener: "gone" }, reason: "client_reset" },
    { reason: "not_tls", path: {}, port: 1, clientAddress: "c", bytesIn: 1, bytesOut: 2, durationMs: 1 },
  ];
  const [one, other] = [new ProxyMetrics("x"), new ProxyMetrics("x")];
  const tallying = new Tallying();
  const hasListener = (name: string) => name === "ns/gw/l";
  one.connectionOpened(7);
  other.connectionOpened(7);
  for (const each of records) {
    const { listener = "" } = each.path;
    one.connectionEnded(each, hasListener(listener) ? listener : undefined);
    tallying.add(each);
  }
  other.connectionsEnded(tallying.take(), hasListener);
  assert.deepEqual(await linesOf(other), await linesOf(one));
  other.connectionsEnded(tallying.take(), hasListener);
  assert.deepEqual(await linesOf(other), await linesOf(one), "nothing is told twice");
});

test("buckets are cumulative, as Prometheus wants them, and the last holds all", async () => {
  const metrics = new ProxyMetrics("x");
  for (const helloMs of [0.5, 1, 1.5, 20_000]) metrics.connectionEnded({ ...record, helloMs });
  const lines = await linesOf(metrics);
  for (const [le, count] of Object.entries({ "0.001": 2, "0.005": 3, "10": 3, "+Inf": 4 })) {
    assert.ok(lines.includes(`fsm_gateway_hello_duration_seconds_bucket{le="${le}"} ${count}`), le);
  }
  assert.ok(lines.includes("fsm_gateway_hello_duration_seconds_count 4"));
});

test("the access log leaves out what is not known", () => {
  assert.deepEqual(connectionFields(record), {
    reason: "completed",
    serverName: "a.example",
    listener: "ns/gw/l",
    port: 443,
    route: "ns/r",
    backend: "b",
    endpoint: "10.0.0.1:443",
    clientAddress: "192.0.2.1:1234",
    bytesIn: 10,
    bytesOut: 20,
    durationMs: 1_500,
    helloMs: 3,
    connectMs: 30,
    alpn: ["h2", "http/1.1"],
    ja4: "t12d0202h2_62ed6f6ca7ad_000000000000",
    ech: true,
    postQuantum: true,
  });
  const bare = {
    reason: "not_tls",
    path: {},
    port: 1,
    clientAddress: "c",
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 1,
  } as const;
  assert.deepEqual(Object.keys(connectionFields(bare)), [
    "reason",
    "port",
    "clientAddress",
    "bytesIn",
    "bytesOut",
    "durationMs",
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { backend, deltaBetween, listener, route, service } from "../../../test/wire/config.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, LOOPBACK } from "../../../test/wire/sockets.ts";
import type { Resource } from "../../model/proxy-config.ts";
import { createBackendCounts } from "../admit/backend-connections.ts";
import { createProcessConnections } from "../admit/connection-shares.ts";
import { defaultLimits } from "../admit/limits.ts";
import { testSources } from "../admit/testing/sources.ts";
import { DEFAULT_TIME_OUTS } from "../relay/time-outs.ts";
import { NO_LOCAL_ADDRESSES } from "../route/own-addresses.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { SocketListener } from "./listening-socket.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { Thread, type ThreadSettings } from "./thread.ts";

const loaded = loadLibc();
const skip = "problem" in loaded ? loaded.problem : false;

/** Settings of the first of two threads: index 1 counts the connections of the portable engine. */
function createSettings(libc: Libc, maxConnections: number): ThreadSettings {
  return {
    active: new Int32Array(2),
    backendCounts: createBackendCounts(2, maxConnections, 0),
    index: 0,
    processConnections: createProcessConnections(maxConnections),
    limits: defaultLimits(maxConnections),
    sources: testSources(undefined, 2),
    openDescriptors: new Uint8Array(4_096),
    overrides: new Map(),
    pipeCap: 0,
    timeOuts: DEFAULT_TIME_OUTS,
    wake: libc.eventCounter(),
    wantsRecords: true,
    wantsFailures: true,
    refusedLines: undefined,
  };
}

/** Returns a function that wakes the thread, as the main thread does after it has sent a message. */
function createWakeUp(libc: Libc, { wake }: ThreadSettings): () => void {
  const one = libc.allocate(8);
  one.bytes[0] = 1;
  return () => void libc.write(wake, one, 8);
}

test("a connection that is handed over is counted no more when it is told of", { skip }, async (t) => {
  assert.ok("libc" in loaded);
  const { libc } = loaded;
  const [port = 0] = await freePorts(1);
  const opened = new SocketListener(libc).open({ address: LOOPBACK, port }, 1);
  assert.ok("fds" in opened);
  const [plain, endpoints] = service("s", `${LOOPBACK}:1`);
  const watched: Resource = { ...plain, traffic: { balance: "LeastConnections" } };
  const delta = deltaBetween([], [listener("l", port), route("r", "l", ["*"], { s: 1 }), watched, endpoints]);
  const orders: ToWorker[] = [
    { type: "apply", request: 1, delta, local: NO_LOCAL_ADDRESSES },
    { type: "listen", fd: opened.fds[0] ?? -1, port },
  ];
  const told: { readonly message: FromWorker; readonly active: readonly number[] }[] = [];
  const settings = createSettings(libc, 10);
  const thread = new Thread(libc, settings, {
    send: (message) => void told.push({ message, active: [...settings.active] }),
    receive: () => orders.shift(),
  });
  createWakeUp(libc, settings)();
  thread.turn();
  const client = await connectTo(port);
  t.after(() => client.destroy());
  await new Promise((resolve) => client.write(helloFor("a.example"), resolve));
  const handed = () => told.find(({ message }) => message.type === "hand_over");
  for (let turn = 0; turn < 5 && handed() === undefined; turn++) thread.turn();
  const found = handed();
  assert.deepEqual(found?.active, [0, 1], "of the portable engine from here on");
  assert.ok(found?.message.type === "hand_over");
  libc.close(found.message.fd);
});

/** Most of what messages may take of a turn. */
const SLOW_MS = 0.4;

test("however many messages wait and however often it is woken, a turn takes a few of them, in their order", {
  skip,
}, () => {
  assert.ok("libc" in loaded);
  const { libc } = loaded;
  const settings = createSettings(libc, 10);
  const wakeUp = createWakeUp(libc, settings);
  const waiting = Array.from({ length: 100 }, (_, request): ToWorker => ({ type: "cut", request }));
  const done: number[] = [];
  const thread = new Thread(libc, settings, {
    send: (message) => void (message.type === "done" && done.push(message.request)),
    receive() {
      const untilMs = performance.now() + SLOW_MS;
      while (performance.now() < untilMs);
      return waiting.shift();
    },
  });
  let most = 0;
  for (let turns = 0; done.length < 100; turns++) {
    assert.ok(turns < 200, "each turn does something");
    wakeUp();
    const before = done.length;
    thread.turn();
    most = Math.max(most, done.length - before);
  }
  assert.ok(most <= 4, `${most} messages in one turn`);
  assert.deepEqual(done, [...Array(100).keys()]);
});

test("however many connections wait for one host, a turn resumes a few of them", { skip }, async (t) => {
  assert.ok("libc" in loaded);
  const { libc } = loaded;
  const [port = 0] = await freePorts(1);
  const opened = new SocketListener(libc).open({ address: LOOPBACK, port }, 1);
  assert.ok("fds" in opened);
  t.after(() => libc.close(opened.fds[0] ?? -1));
  const out = backend("out", { type: "external", host: "slow.example", port: 1 });
  const delta = deltaBetween([], [listener("l", port), route("r", "l", ["*"], { out: 1 }), out]);
  const orders: ToWorker[] = [
    { type: "apply", request: 1, delta, local: NO_LOCAL_ADDRESSES },
    { type: "listen", fd: opened.fds[0] ?? -1, port },
  ];
  const told: FromWorker[] = [];
  let refused = 0;
  // Each connection is rejected by a call of this slow function.
  const shutdownWrites = (fd: number) => {
    const untilMs = performance.now() + SLOW_MS;
    while (performance.now() < untilMs);
    refused++;
    return libc.shutdownWrites(fd);
  };
  const settings = createSettings(libc, 100);
  const channel = { send: (message: FromWorker) => void told.push(message), receive: () => orders.shift() };
  const thread = new Thread({ ...libc, shutdownWrites }, settings, channel);
  const wakeUp = createWakeUp(libc, settings);
  wakeUp();
  thread.turn();
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(port)));
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  await Promise.all(clients.map((client) => new Promise((resolve) => client.write(helloFor("a.example"), resolve))));
  for (let turn = 0; turn < 5; turn++) {
    wakeUp();
    thread.turn();
  }
  assert.deepEqual([settings.active[0], told.filter(({ type }) => type === "resolve").length, refused], [50, 1, 0]);
  orders.push({ type: "resolved", host: "slow.example", answer: { reason: "name_not_found", message: "no address" } });
  let most = 0;
  for (let turns = 0; refused < 50; turns++) {
    assert.ok(turns < 100, `${refused} of 50 are refused`);
    wakeUp();
    const before = refused;
    thread.turn();
    most = Math.max(most, refused - before);
  }
  assert.ok(most <= 4, `${most} connections in one turn`);
});

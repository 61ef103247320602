import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import type net from "node:net";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { certificateFor } from "../../../test/wire/certificate.ts";
import { backend, deltaBetween, listener, route, service, terminating } from "../../../test/wire/config.ts";
import { memoryLog, startGateway, testEngine } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { ManualClock } from "../../../test/wire/manual-clock.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startBackend,
  startEcho,
} from "../../../test/wire/sockets.ts";
import { dialTls } from "../../../test/wire/tls-client.ts";
import type { Endpoint, Resource } from "../../model/proxy-config.ts";
import { Admission } from "../admit/admission.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Tally } from "../observe/tally.ts";
import type { ConnectionRecord, EngineHost } from "../relay/engine.ts";
import { DEFAULT_TIME_OUTS, type TimeOuts } from "../relay/time-outs.ts";
import { applyDelta } from "../route/apply-delta.ts";
import { EMPTY_TABLE, type RouteTable } from "../route/route-table.ts";
import { LinuxEngine, linuxEngineMeans } from "./linux-engine.ts";

const means = linuxEngineMeans();
const skip = "problem" in means ? means.problem : false;
const hello = helloFor("a.example");

interface EngineOptions {
  readonly workers?: number;
  readonly timeOuts?: Partial<TimeOuts>;
  readonly overrides?: ReadonlyMap<string, Endpoint>;
  readonly wantsRecords?: boolean;
  readonly clock?: Clock;
  readonly trimHeap?: () => void;
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** For connections that are handed over. */
  readonly plan?: EngineHost["plan"];
}

/** An engine without the rest of a proxy, with one port for these resources, whose listener is called `l`. */
async function startEngine(t: TestContext, resources: readonly Resource[], options: EngineOptions = {}) {
  assert.ok(!("problem" in means));
  const { log, lines } = memoryLog();
  const records: ConnectionRecord[] = [];
  const tallies: Tally[] = [];
  const counts = { opened: 0 };
  const engine = new LinuxEngine(
    {
      host: {
        portKind: () => "TLS",
        admit: () =>
          options.plan === undefined
            ? assert.fail("the workers admit by themselves")
            : new Admission({ maxConnections: 1_000 }, 0).accept(0),
        headerExpectation: () => "none",
        timeOuts: () => ({ ...DEFAULT_TIME_OUTS, ...options.timeOuts }),
        keepAliveMs: () => undefined,
        plan: options.plan ?? (async () => assert.fail("the workers plan by themselves")),
        opened: (count = 1) => {
          counts.opened += count;
        },
        ended: (record) => void records.push(record),
        wantsRecords: options.wantsRecords ?? true,
        refusedLines: undefined,
        tallied: (tally) => void tallies.push(tally),
        moved: () => {},
      },
      timeOuts: { ...DEFAULT_TIME_OUTS, ...options.timeOuts },
      maxConnections: 1_000,
      clock: options.clock ?? systemClock,
      log,
      overrides: options.overrides ?? new Map(),
      lookup: options.lookup ?? (async () => assert.fail("DNS was asked")),
      workers: options.workers ?? 1,
      start: 0,
    },
    options.trimHeap === undefined ? means : { ...means, libc: { ...means.libc, trimHeap: options.trimHeap } },
  );
  t.after(() => engine.close());
  const [port = 0] = await freePorts(1);
  const delta = deltaBetween([], [listener("l", port), ...resources]);
  const applied = applyDelta(EMPTY_TABLE, delta);
  assert.ok("ok" in applied);
  await engine.apply(delta, applied.ok);
  const result = await engine.listen({ address: LOOPBACK, port });
  assert.ok("bound" in result);
  return { engine, table: applied.ok, port, records, tallies, counts, lines };
}

const toOne = (...endpoints: string[]): Resource[] => [route("r", "l", ["*"], { s: 1 }), ...service("s", ...endpoints)];

async function echoThrough(port: number): Promise<void> {
  const client = await connectTo(port);
  client.end(hello);
  assert.deepEqual(await readAll(client), hello);
}

test("workers share the connections of a port, and every one is told", { skip }, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { engine, port, records, counts } = await startEngine(t, toOne(echo.address), { workers: 3 });
  await Promise.all(Array.from({ length: 60 }, () => echoThrough(port)));
  await eventually(
    () => records.length === 60,
    () => `60 records, there are ${records.length}`,
  );
  assert.deepEqual([...new Set(records.map(({ reason }) => reason))], ["completed"]);
  assert.equal(counts.opened, 60);
  assert.equal(engine.activeConnections, 0);
});

test("where nobody wants to know of single connections, they are told as sums", { skip }, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const started = await startEngine(t, toOne(echo.address), { workers: 2, wantsRecords: false });
  const { engine, port, records, tallies, counts } = started;
  await Promise.all(Array.from({ length: 20 }, () => echoThrough(port)));
  const refused = await connectTo(port);
  refused.end("no TLS");
  await readAll(refused);
  // When it is done, everything has been told.
  assert.equal((await engine.drain(5_000)).cut, 0);
  assert.equal(counts.opened, 21);
  assert.equal(records.length, 0);
  const totals = new Map<string, number[]>();
  for (const { listener: name, reason, connections, bytesIn, bytesOut } of tallies.flatMap(({ sums }) => sums)) {
    const [n = 0, up = 0, down = 0] = totals.get(`${name} ${reason}`) ?? [];
    totals.set(`${name} ${reason}`, [n + connections, up + bytesIn, down + bytesOut]);
  }
  const bytes = 20 * hello.length;
  assert.deepEqual(Object.fromEntries(totals), { "l completed": [20, bytes, bytes], "undefined not_tls": [1, 0, 0] });
});

test("a worker that dies: its connections are reset, its descriptors freed, and another serves the port", {
  skip,
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { engine, table, port, records, counts, lines } = await startEngine(t, toOne(echo.address));
  await echoThrough(port);
  const before = readdirSync("/proc/self/fd").length;
  const client = await connectTo(port);
  client.write(hello);
  await readSome(client, hello.length);
  const broken = once(client, "error");
  // A delta that does not lead where it says: what the worker knows cannot be relied on, so it does not go on.
  await engine.apply({ revision: "wrong", upserts: new Map(), removals: [] }, table);
  assert.equal(((await broken)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
  await echoThrough(port);
  await eventually(
    () => records.length === 3,
    () => `3 records, there are ${records.length}`,
  );
  assert.deepEqual(
    records.map(({ reason }) => reason),
    ["completed", "internal_error", "completed"],
  );
  assert.equal(counts.opened, 3, "each that was opened has ended");
  assert.ok(lines.some(({ level, message }) => level === "error" && message.includes("died")));
  for (const socket of echo.sockets) socket.destroy();
  await eventually(
    () => readdirSync("/proc/self/fd").length <= before,
    () => `${before} descriptors before, ${readdirSync("/proc/self/fd").length} after`,
  );
});

test("a defect ends the connection, is logged with its error, and the worker lives", { skip }, async (t) => {
  const external = [
    route("r", "l", ["*"], { out: 1 }),
    backend("out", { type: "external", host: "broken.example", port: 1 }),
  ];
  // No text: what no configuration can hold makes the code beyond it throw.
  const overrides = new Map([["broken.example:1", { address: undefined as unknown as string, port: 1 }]]);
  const { port, records, lines } = await startEngine(t, external, { overrides });
  for (let turn = 1; turn <= 2; turn++) {
    const client = await connectTo(port);
    client.write(hello);
    await readAll(client).catch(() => {});
    client.end();
    await eventually(
      () => records.length === turn,
      () => "the record",
    );
    assert.equal(records[turn - 1]?.reason, "internal_error");
  }
  const defects = lines.filter(({ level }) => level === "error");
  assert.equal(defects.length, 2);
  assert.ok(defects.every(({ fields }) => fields.error instanceof TypeError));
});

const toHost = (host: string, port: number): Resource[] => [
  route("r", "l", ["*"], { out: 1 }),
  backend("out", { type: "external", host, port }),
];

test("an external host that nothing is known of: the connection waits for DNS, and the next one does not", {
  skip,
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const asked: string[] = [];
  const answer = Promise.withResolvers<readonly string[]>();
  const { engine, port, records } = await startEngine(t, toHost("out.example", echo.port), {
    lookup: (host) => {
      asked.push(host);
      return answer.promise;
    },
  });
  const waiting = [echoThrough(port), echoThrough(port)];
  await eventually(
    () => asked.length > 0 && engine.activeConnections === 2,
    () => "the question",
  );
  answer.resolve([LOOPBACK]);
  await Promise.all(waiting);
  assert.deepEqual(asked, ["out.example"], "one question for both");
  engine.hostAnswered("out.example", { ipv4: [LOOPBACK], ipv6: [], ttlMs: 60_000 });
  await echoThrough(port);
  engine.hostAnswered("out.example", { reason: "no_address", message: "out.example has no address" });
  const refused = await connectTo(port);
  refused.end(hello);
  assert.equal((await readAll(refused)).length, 0);
  await eventually(
    () => records.length === 4,
    () => `4 records, there are ${records.length}`,
  );
  assert.deepEqual(asked, ["out.example"]);
  const last = records[3];
  assert.deepEqual([last?.reason, last?.detail], ["backend_unresolved", "out.example has no address"]);
});

test("an external host's addresses are raced: one that does not answer costs the attempt delay", {
  skip: skip || noBlackhole(),
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const silent = await startBlackhole("127.0.0.2", echo.port);
  t.after(() => silent.close());
  const { engine, port, records } = await startEngine(t, toHost("out.example", echo.port), {
    timeOuts: { attemptDelayMs: 50 },
  });
  engine.hostAnswered("out.example", { ipv4: ["127.0.0.2", LOOPBACK], ipv6: [], ttlMs: 60_000 });
  await echoThrough(port);
  await eventually(
    () => records.length === 1,
    () => "the record",
  );
  assert.deepEqual([records[0]?.reason, records[0]?.endpoint], ["completed", echo.address]);
  const connectMs = Number(records[0]?.connectMs);
  assert.ok(connectMs >= 50 && connectMs < 4_000, String(connectMs));
  assert.equal(silent.attempts(), 0, "the loser is given up");
});

test("drain tells how many ended and how many were cut, with all their records", { skip }, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { engine, port, records } = await startEngine(t, toOne(echo.address), { workers: 2 });
  const open = async (): Promise<net.Socket> => {
    const client = await connectTo(port);
    client.write(hello);
    await readSome(client, hello.length);
    return client;
  };
  const clients = await Promise.all(Array.from({ length: 10 }, open));
  const drained = engine.drain(300);
  for (const client of clients.slice(0, 4)) client.end();
  assert.deepEqual(await drained, { ended: 4, cut: 6 });
  assert.equal(records.filter(({ reason }) => reason === "drain_deadline").length, 6);
  assert.equal(engine.activeConnections, 0);
});

test("who looks is told of all workers; one that does not answer in time is named as silent", { skip }, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const patience = { isOver: false };
  const clock: Clock = {
    ...systemClock,
    after: (ms, call) => {
      if (!patience.isOver) return systemClock.after(ms, call);
      call();
      return () => {};
    },
  };
  const { engine, port } = await startEngine(t, toOne(echo.address), { workers: 2, clock });
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await connectTo(port);
      client.write(hello);
      await readSome(client, hello.length);
      return client;
    }),
  );
  const view = await engine.look({ limit: 15 });
  assert.deepEqual([view.matching, view.connections.length], [20, 15]);
  assert.deepEqual(
    view.parts.map(({ name }) => name),
    ["linux-0", "linux-1", "portable"],
  );
  assert.equal(
    view.parts.reduce((sum, { active }) => sum + active, 0),
    20,
  );
  patience.isOver = true;
  const { connections, matching, parts } = await engine.look({ limit: 15 });
  assert.deepEqual([connections, matching], [[], 0]);
  assert.deepEqual(
    parts.map(({ active, ...rest }) => rest),
    [{ name: "linux-0", isSilent: true }, { name: "linux-1", isSilent: true }, { name: "portable" }],
  );
  assert.equal(
    parts.reduce((sum, { active }) => sum + active, 0),
    20,
    "how many they have is known all the same",
  );
  patience.isOver = false;
  for (const client of clients) client.destroy();
});

test("memory is given back once, a while after the first of several changes", { skip }, async (t) => {
  const clock = new ManualClock();
  const trims: number[] = [];
  const { engine, port, table } = await startEngine(t, [], { clock, trimHeap: () => trims.push(clock.now()) });
  let current: { readonly resources: Resource[]; readonly table: RouteTable } = {
    resources: [listener("l", port)],
    table,
  };
  const change = async (...services: Resource[]) => {
    const resources: Resource[] = [listener("l", port), ...services];
    const delta = deltaBetween(current.resources, resources);
    const applied = applyDelta(current.table, delta);
    assert.ok("ok" in applied);
    current = { resources, table: applied.ok };
    await engine.apply(delta, applied.ok);
  };
  await clock.advance(3_000);
  await change(...service("s", "10.0.0.1:80"));
  await clock.advance(60_000);
  assert.deepEqual(trims, [5_000]);
  await change();
  await clock.advance(60_000);
  assert.deepEqual(trims, [5_000, 68_000]);
  await change(...service("s", "10.0.0.1:80"));
  await engine.close();
  await clock.advance(60_000);
  assert.equal(trims.length, 2, "not after its end");
});

test("threads that are begun after the engine have small young spaces", { skip }, async (t) => {
  await startEngine(t, []);
  const program = `
    const { parentPort } = require("node:worker_threads");
    const { getHeapSpaceStatistics } = require("node:v8");
    const kept = [];
    let most = 0;
    for (let i = 0; i < 1_000_000; i++) {
      kept[i % 60_000] = { i, list: [i] };
      if (i % 10_000 !== 0) continue;
      most = Math.max(most, getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space").space_size);
    }
    parentPort.postMessage(most);
  `;
  const [most] = await once(new Worker(program, { eval: true }), "message");
  assert.ok(most > 0 && most <= 4 * 1024 * 1024, `${most} bytes`);
});

test("a port taken by another process is not shared with it", { skip }, async (t) => {
  const other = await startEngine(t, []);
  const { engine } = await startEngine(t, []);
  const result = await engine.listen({ address: LOOPBACK, port: other.port });
  assert.ok("failed" in result);
  assert.equal(result.failed, "port_in_use");
});

testEngine("linux", "a port begins to decrypt and ceases to, under way, and no connection is refused", async (t) => {
  const plain = await startBackend((socket) => socket.end("plain"));
  t.after(() => plain.close());
  const { ca, cert, key } = await certificateFor("a.example");
  const gateway = startGateway(t, { workers: 2 });
  const [port = 0] = await freePorts(1);
  const rest = [route("r", "l", ["*"], { s: 1 }), ...service("s", plain.address)];
  const certificate: Resource = { kind: "certificate", name: "c", certificate: String(cert), privateKey: String(key) };
  const asPassthrough = () => gateway.set(listener("l", port), ...rest);
  const asTerminate = () => gateway.set(terminating("l", port, ["c"]), certificate, ...rest);
  await asPassthrough();
  const counts = { plain: 0, decrypted: 0 };
  const done = { is: false };
  const ask = async () => {
    while (!done.is) {
      const client = dialTls(port, "a.example", { ca });
      client.end("x");
      // Passed through, the backend's "plain" is no TLS; decrypted, it is what comes.
      const outcome = await new Promise<string>((resolve) => {
        client.on("data", (chunk: Buffer) => resolve(String(chunk)));
        client.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
        client.on("end", () => resolve("ended"));
      });
      client.destroy();
      if (outcome === "plain") counts.decrypted++;
      else {
        assert.match(outcome, /^ERR_SSL|EPROTO/, "answered by the backend");
        counts.plain++;
      }
    }
  };
  const asking = Promise.all([ask(), ask(), ask(), ask()]);
  asking.catch(() => {});
  for (let turn = 0; turn < 6; turn++) {
    await (turn % 2 === 0 ? asTerminate() : asPassthrough());
    // Four of them at most have begun before.
    const before = counts.plain + counts.decrypted;
    await eventually(
      () => counts.plain + counts.decrypted > before + 8,
      () => `answers: ${JSON.stringify(counts)}`,
    );
  }
  done.is = true;
  await asking;
  assert.ok(counts.plain > 0 && counts.decrypted > 0, JSON.stringify(counts));
});

test("what a thread has handed over just before it died is served all the same", { skip }, async (t) => {
  const [plain, endpoints] = service("s", `${LOOPBACK}:1`);
  const watched: Resource = { ...plain, traffic: { balance: "LeastConnections" } };
  const { engine, table, port, records, counts } = await startEngine(
    t,
    [route("r", "l", ["*"], { s: 1 }), watched, endpoints],
    { plan: async () => ({ action: "refuse", path: {}, reason: "no_backend" }) },
  );
  const before = readdirSync("/proc/self/fd").length;
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(port)));
  await Promise.all(clients.map((client) => new Promise((resolve) => client.write(hello, resolve))));
  // This thread stands still meanwhile, so that it learns of everything at once.
  standStill(300);
  const applied = engine.apply({ revision: "wrong", upserts: new Map(), removals: [] }, table);
  standStill(300);
  await applied;
  await Promise.all(clients.map((client) => readAll(client.end())));
  await eventually(
    () => records.length === 5,
    () => `5 records, there are ${records.length}`,
  );
  assert.deepEqual([...new Set(records.map(({ reason }) => reason))], ["no_backend"]);
  assert.equal(counts.opened, 5);
  await eventually(
    () => readdirSync("/proc/self/fd").length <= before,
    () => `${before} descriptors before, ${readdirSync("/proc/self/fd").length} after`,
  );
});

function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

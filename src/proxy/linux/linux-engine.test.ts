import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type net from "node:net";
import { test } from "node:test";
import v8 from "node:v8";
import { backend, route } from "../../../test/wire/config.ts";
import { connectTo, eventually, LOOPBACK, readAll, readSome, startEcho } from "../../../test/wire/sockets.ts";
import { type Clock, systemClock } from "../clock.ts";
import { ExitHook } from "../exit-hook.ts";
import { echoThrough, hello, skip, startEngine, toOne } from "./testing/engine.ts";

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
  const { engine, table, port, records, counts, lines, processConnections } = await startEngine(t, toOne(echo.address));
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
  assert.equal(Atomics.load(processConnections.count, 0), 0, "none is counted any more");
  assert.ok(lines.some(({ level, message }) => level === "error" && message.includes("died")));
  for (const socket of echo.sockets) socket.destroy();
  await eventually(
    () => readdirSync("/proc/self/fd").length <= before,
    () => `${before} descriptors before, ${readdirSync("/proc/self/fd").length} after`,
  );
});

test("while a worker waits for its restart, another one accepts its share of the connections", {
  skip,
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const held: (() => void)[] = [];
  let isFirst = true;
  const clock: Clock = {
    ...systemClock,
    // The first of two restarts, which 100 ms belong to, is held.
    after: (ms, call) => {
      if (ms !== 100 || !isFirst) return systemClock.after(ms, call);
      isFirst = false;
      held.push(call);
      return () => {};
    },
  };
  const { engine, table, port, records, lines } = await startEngine(t, toOne(echo.address), { workers: 2, clock });
  // A delta with a wrong result: no worker continues with it.
  await engine.apply({ revision: "wrong", upserts: new Map(), removals: [] }, table);
  await eventually(
    () => held.length === 1 && lines.filter(({ message }) => message.includes("died")).length === 2,
    () => JSON.stringify(lines),
  );
  await Promise.all(Array.from({ length: 40 }, () => echoThrough(port)));
  assert.equal((await engine.look({ limit: 0 })).parts.filter(({ isSilent }) => isSilent === true).length, 1);
  held[0]?.();
  await eventually(
    () => records.length === 40,
    () => `40 records, there are ${records.length}`,
  );
  // After its restart it has its own sockets back.
  const clients: net.Socket[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  let active: readonly number[] = [0];
  for (let turn = 0; turn < 200 && !active.every((count) => count > 0); turn++) {
    const client = await connectTo(port);
    clients.push(client);
    client.write(hello);
    await readSome(client, hello.length);
    active = (await engine.look({ limit: 0 })).parts.slice(0, 2).map((part) => part.active);
  }
  assert.ok(
    active.every((count) => count > 0),
    `connections of the workers: ${active}`,
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
    assert.equal(((await once(client, "error"))[0] as NodeJS.ErrnoException).code, "ECONNRESET");
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

test("a port taken by another process is not shared with it", { skip }, async (t) => {
  const other = await startEngine(t, []);
  const { engine } = await startEngine(t, []);
  const result = await engine.listen({ address: LOOPBACK, port: other.port });
  assert.ok("failed" in result);
  assert.equal(result.failed, "port_in_use");
});

test("many engines with many threads add one listener for the process's exit, until the last has closed", {
  skip,
}, async (t) => {
  const before = process.listenerCount("exit");
  const exitHook = new ExitHook();
  const engines = [];
  for (let count = 0; count < 6; count++) engines.push(await startEngine(t, [], { workers: 2, exitHook }));
  assert.equal(process.listenerCount("exit"), before + 1);
  for (const { engine } of engines) await engine.close();
  assert.equal(process.listenerCount("exit"), before);
});

test("an engine sets no flag of the process, which other parts of it would get too", { skip }, async (t) => {
  const { mock } = t.mock.method(v8, "setFlagsFromString");
  syncBuiltinESMExports();
  await startEngine(t, []);
  mock.restore();
  syncBuiltinESMExports();
  assert.deepEqual(
    mock.calls.map((call) => call.arguments),
    [],
  );
});

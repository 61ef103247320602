/** A connection attempt ends in time whatever the peer does. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connection.ts";

const CONNECT_TIMEOUT_MS = 500;
const TIMING = { connectTimeoutMs: CONNECT_TIMEOUT_MS, pingIntervalMs: 10_000, pingTimeoutMs: 5_000 };
/** Far below the time after which the kernel gives up a connection attempt. */
const MOST_MS = 5_000;
/** More than a backlog of 1 holds: the kernel drops the SYNs of the rest, as a dead host does. */
const FILLERS = 8;

/** A port of a stopped process with a full backlog: connections stay in SYN-SENT. */
async function deadPort(t: TestContext): Promise<number> {
  const script = `const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () =>
    console.log(server.address().port))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line).trim());
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  t.after(() => {
    for (const filler of fillers) filler.destroy();
    child.kill("SIGKILL");
  });
  for (let i = 0; i < FILLERS; i++) fillers.push(connectTcp(port, "127.0.0.1").on("error", () => {}));
  await sleep(200);
  assert.ok(
    fillers.some(({ connecting }) => connecting),
    "the backlog is full",
  );
  return port;
}

const isLinux = process.platform === "linux";

test("an attempt to reach a dead host ends after the connect timeout", {
  skip: isLinux ? false : "only Linux drops SYNs here",
}, async (t) => {
  const port = await deadPort(t);
  const startedMs = performance.now();
  const attempt = connect({ url: `https://127.0.0.1:${port}`, timing: TIMING }, "", t.signal);
  await assert.rejects(
    Promise.race([attempt, sleep(MOST_MS).then(() => "still connecting")]),
    /no connection within 500 ms/,
  );
  assert.ok(performance.now() - startedMs < MOST_MS);
});

test("an attempt to reach a dead host ends when it is aborted", {
  skip: isLinux ? false : "only Linux drops SYNs here",
}, async (t) => {
  const port = await deadPort(t);
  const aborting = new AbortController();
  const attempt = connect(
    { url: `https://127.0.0.1:${port}`, timing: { ...TIMING, connectTimeoutMs: 60_000 } },
    "",
    aborting.signal,
  );
  setTimeout(() => aborting.abort(), 100);
  await assert.rejects(Promise.race([attempt, sleep(MOST_MS).then(() => "still connecting")]));
});

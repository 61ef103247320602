import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeadPeer, PeerCheck, type TcpReading } from "./dead-peer.ts";
import { DEFAULT_TIME_OUTS } from "./time-outs.ts";

const TIMEOUT_MS = 8_000;
const ANSWERED: TcpReading = { unacked: 0, probes: 0, notSentBytes: 0, lastAckMs: 60_000 };
const IN_FLIGHT: TcpReading = { unacked: 3, probes: 0, notSentBytes: 0, lastAckMs: 60_000 };

interface Look {
  readonly client?: TcpReading;
  readonly backend?: TcpReading;
  /** Bytes that the backend has sent until then. */
  readonly bytesOut?: number;
}

/** Checks every two seconds until a peer is dead, and returns the time. */
function run(
  look: (nowMs: number) => Look,
  untilMs = 60_000,
): { readonly dead: DeadPeer; readonly atMs: number } | "alive" {
  const check = new PeerCheck(TIMEOUT_MS);
  check.touch(0);
  while (check.atMs <= untilMs) {
    const atMs = check.atMs;
    const { backend = ANSWERED, bytesOut = 0, client = ANSWERED } = look(atMs);
    const dead = check.check(atMs, 0, bytesOut, (side) => (side === "client" ? client : backend));
    if (dead !== undefined) return { dead, atMs };
    check.touch(atMs);
  }
  return "alive";
}

test("what is sent and never acknowledged: dead after the time-out, counted from the check that finds it", () => {
  assert.deepEqual(
    run(() => ({ backend: IN_FLIGHT })),
    { dead: { reason: "backend_unresponsive", detail: "no acknowledgement for 8 s" }, atMs: 10_000 },
  );
  assert.deepEqual(
    run(() => ({ client: IN_FLIGHT })),
    { dead: { reason: "client_unreachable", detail: "no acknowledgement for 8 s" }, atMs: 10_000 },
  );
});

test("an acknowledgement since the last check restarts the stall", () => {
  assert.equal(
    run(() => ({ backend: { ...IN_FLIGHT, lastAckMs: 1_900 } })),
    "alive",
  );
  const lastAckAtMs = 9_000;
  const found = run((nowMs) => ({ backend: { ...IN_FLIGHT, lastAckMs: Math.max(nowMs - lastAckAtMs, 0) } }));
  assert.ok(found !== "alive");
  assert.equal(found.atMs, 18_000, "8 s after the acknowledgement, at the next check");
});

test("a peer that responds to probes and reads nothing is alive", () => {
  const full = { unacked: 0, notSentBytes: 500_000 };
  assert.equal(
    run((nowMs) => ({ backend: { ...full, probes: (nowMs / 2_000) % 2, lastAckMs: 1_000 } })),
    "alive",
  );
});

test("a peer that responds to no probe is dead; one lost probe does not prove it", () => {
  const full = { unacked: 0, notSentBytes: 500_000, lastAckMs: 30_000 };
  assert.equal(
    run(() => ({ client: { ...full, probes: 1 } })),
    "alive",
  );
  assert.deepEqual(
    run(() => ({ client: { ...full, probes: 2 } })),
    { dead: { reason: "client_unreachable", detail: "no acknowledgement for 8 s" }, atMs: 10_000 },
  );
});

test("a peer that sends is alive, and its socket is not read", () => {
  const check = new PeerCheck(TIMEOUT_MS);
  const asked: string[] = [];
  for (let turn = 1; turn <= 10; turn++) {
    check.touch(2_000 * turn - 2_000);
    const dead = check.check(2_000 * turn, 0, 100 * turn, (side) => {
      asked.push(side);
      return ANSWERED;
    });
    assert.equal(dead, undefined);
  }
  assert.deepEqual([...new Set(asked)], ["client"]);
});

test("once all is acknowledged there is no further check until something moves", () => {
  const check = new PeerCheck(TIMEOUT_MS);
  check.touch(0);
  assert.equal(check.atMs, 2_000);
  check.touch(1_000);
  assert.equal(check.atMs, 2_000, "later movement does not put it off");
  check.check(2_000, 0, 0, () => ANSWERED);
  assert.equal(check.atMs, Number.POSITIVE_INFINITY);
  check.touch(50_000);
  assert.equal(check.atMs, 52_000);
  check.check(52_000, 0, 0, () => ({ ...ANSWERED, notSentBytes: 1 }));
  assert.equal(check.atMs, 54_000, "what is not sent may stall");
});

test("without reports of the kernel no peer is dead", () => {
  const check = new PeerCheck(TIMEOUT_MS);
  check.touch(0);
  for (let turn = 0; turn < 20; turn++)
    assert.equal(
      check.check(check.atMs, 0, 0, () => undefined),
      undefined,
    );
});

test("short time-outs: a socket is read once a second at most", () => {
  const check = new PeerCheck(1_000);
  check.touch(0);
  assert.equal(check.atMs, 1_000);
});

test("by default a dead peer is found 2 minutes after the check that finds the stall", () => {
  const check = new PeerCheck(DEFAULT_TIME_OUTS.tcpUserTimeoutMs);
  const look = (nowMs: number) => check.check(nowMs, 0, 0, () => ({ ...IN_FLIGHT, lastAckMs: nowMs }));
  assert.equal(look(30_000), undefined);
  assert.equal(look(149_999), undefined);
  assert.equal(look(150_000)?.detail, "no acknowledgement for 120 s");
});

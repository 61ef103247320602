import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { ManualClock } from "../../loop/manual-clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { ApiError } from "../kube/api-error.ts";
import { type ElectionOptions, LeaderElection } from "./election.ts";
import type { Lease } from "./lease.ts";

/**
 * A fake API server of one Lease, guarded by resourceVersion: a real one cannot be cut off from one replica alone, nor made
 * to answer at a given moment. The hand-over of two replicas at a real one is tested in test/api.
 */
class LeaseStore {
  lease: Lease | undefined;
  #version = 0;

  put(lease: Lease): Lease {
    const metadata = { ...lease.metadata, resourceVersion: String(++this.#version) };
    this.lease = { ...lease, metadata };
    return this.lease;
  }
}

type Line = "up" | "down" | "hangs";

/** One replica's way to the store. */
function clientOf(store: LeaseStore, line: { state: Line }): ElectionOptions["client"] {
  const through = async (): Promise<void> => {
    if (line.state === "down") throw new ApiError({ type: "Unreachable" }, "cut off");
    if (line.state === "hangs") await new Promise(() => undefined);
  };
  return {
    get: async <T extends KubernetesObject>() => {
      await through();
      if (store.lease === undefined) throw new ApiError({ type: "NotFound" }, "no lease");
      return store.lease as KubernetesObject as T;
    },
    create: async <T extends KubernetesObject>(_: unknown, lease: KubernetesObject) => {
      await through();
      if (store.lease !== undefined) throw new ApiError({ type: "AlreadyExists" }, "exists");
      return store.put(lease) as KubernetesObject as T;
    },
    put: async <T extends KubernetesObject>(_: unknown, lease: KubernetesObject) => {
      await through();
      if (lease.metadata.resourceVersion !== store.lease?.metadata.resourceVersion) {
        throw new ApiError({ type: "Conflict" }, "stale");
      }
      return store.put(lease) as KubernetesObject as T;
    },
  };
}

function replica(store: LeaseStore, clock: ManualClock, identity: string) {
  const line: { state: Line } = { state: "up" };
  const events: string[] = [];
  const election = new LeaderElection({
    client: clientOf(store, line),
    namespace: "ns",
    name: "lease",
    identity,
    onStarted: () => events.push(`started ${clock.nowMs()}`),
    onLost: () => events.push(`lost ${clock.nowMs()}`),
    clock,
    random: () => 0.999_999,
    log: SILENT,
  });
  return { line, events, election };
}

test("the first replica creates the lease and leads; the second waits while it is renewed", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const a = replica(store, clock, "a");
  const b = replica(store, clock, "b");
  a.election.start();
  await clock.advance(0);
  b.election.start();
  await clock.advance(60_000);
  assert.deepEqual(a.events, ["started 0"]);
  assert.deepEqual(b.events, []);
  assert.equal(b.election.holder, "a");
  assert.deepEqual(store.lease?.spec, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime: store.lease?.spec?.renewTime,
    leaseTransitions: 0,
  });
});

test("a leader that is cut off stops 10 s after its last renewal, and only then another leads", async () => {
  for (const cut of ["down", "hangs"] as const) {
    const store = new LeaseStore();
    const clock = new ManualClock();
    const a = replica(store, clock, "a");
    const b = replica(store, clock, "b");
    a.election.start();
    await clock.advance(0);
    b.election.start();
    await clock.advance(500);
    a.line.state = cut;
    await clock.advance(30_000);
    assert.deepEqual(a.events, ["started 0", "lost 10000"], cut);
    assert.equal(a.election.leading, false);
    assert.equal(b.events.length, 1);
    const takenAtMs = Number(b.events[0]?.split(" ")[1]);
    assert.ok(takenAtMs >= 15_000 && takenAtMs <= 16_100, `${cut}: taken after ${takenAtMs} ms`);
    assert.equal(store.lease?.spec?.leaseTransitions, 1);
  }
});

/** Of edited Leases: [duration in seconds, when another replica leads, in ms after the last renewal]. */
const EDITED: readonly [number | undefined, number][] = [
  [1_000_000, 60_000],
  [20, 20_000],
  [1, 15_000],
  [undefined, 15_000],
];
for (const [leaseDurationSeconds, takenAtMs] of EDITED) {
  test(`a Lease with the edited duration ${leaseDurationSeconds ?? "none"} is taken after ${takenAtMs} ms`, async () => {
    const store = new LeaseStore();
    const clock = new ManualClock();
    const spec = { holderIdentity: "ended", ...(leaseDurationSeconds === undefined ? {} : { leaseDurationSeconds }) };
    store.put({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "lease" }, spec });
    const { election, events } = replica(store, clock, "b");
    election.start();
    await clock.advance(takenAtMs - 1_000);
    assert.deepEqual(events, []);
    await clock.advance(2_000);
    assert.equal(election.leading, true);
  });
}

test("a Lease with an edited number of transitions can be taken: the number stays an int32", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const spec = { leaseDurationSeconds: 15, leaseTransitions: 2_147_483_647 };
  store.put({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "lease" }, spec });
  const { election } = replica(store, clock, "b");
  election.start();
  await clock.advance(0);
  assert.equal(election.leading, true);
  assert.equal(store.lease?.spec?.leaseTransitions, 2_147_483_647);
});

test("a cut shorter than the deadline loses nothing", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const a = replica(store, clock, "a");
  a.election.start();
  await clock.advance(500);
  a.line.state = "down";
  await clock.advance(7_000);
  a.line.state = "up";
  await clock.advance(60_000);
  assert.deepEqual(a.events, ["started 0"]);
});

test("a replica that stops gives the lease up, and a follower leads within 1 s", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const a = replica(store, clock, "a");
  const b = replica(store, clock, "b");
  a.election.start();
  await clock.advance(0);
  b.election.start();
  await clock.advance(7_300);
  const stopping = a.election.stop();
  await clock.advance(0);
  await stopping;
  assert.equal(a.election.leading, false);
  assert.equal(store.lease?.spec?.holderIdentity, "");
  await clock.advance(1_000);
  assert.equal(b.election.leading, true);
  assert.deepEqual(a.events, ["started 0"], "stopping is not losing");
});

test("a follower that stops leaves the lease alone", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const a = replica(store, clock, "a");
  const b = replica(store, clock, "b");
  a.election.start();
  await clock.advance(0);
  b.election.start();
  await clock.advance(3_000);
  const stopping = b.election.stop();
  await clock.advance(0);
  await stopping;
  assert.equal(store.lease?.spec?.holderIdentity, "a");
});

test("two that take an expired lease at once: one wins by resourceVersion", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  store.put({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "lease", namespace: "ns" },
    spec: { holderIdentity: "dead", leaseDurationSeconds: 15 },
  });
  const replicas = ["a", "b", "c"].map((identity) => replica(store, clock, identity));
  for (const { election } of replicas) election.start();
  await clock.advance(14_000);
  assert.equal(replicas.filter(({ election }) => election.leading).length, 0, "its own times are not believed");
  await clock.advance(6_000);
  assert.equal(replicas.filter(({ election }) => election.leading).length, 1);
});

test("one that was cut off leads again when the lease is free", async () => {
  const store = new LeaseStore();
  const clock = new ManualClock();
  const a = replica(store, clock, "a");
  a.election.start();
  await clock.advance(100);
  a.line.state = "down";
  await clock.advance(20_000);
  a.line.state = "up";
  await clock.advance(2_000);
  assert.deepEqual(
    a.events.map((event) => event.split(" ")[0]),
    ["started", "lost", "started"],
  );
});

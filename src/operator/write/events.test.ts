import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { ManualClock } from "../../loop/manual-clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { type EventMessage, EventRecorder } from "./events.ts";

const GATEWAY: KubernetesObject = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "gw", namespace: "ns", uid: "u1", resourceVersion: "7" },
};
const accepted: EventMessage = { type: "Normal", reason: "Accepted", message: "fine", about: "Accepted" };
const invalid: EventMessage = { type: "Warning", reason: "ListenersNotValid", message: "bad", about: "Accepted" };

/** A fake client that notes what is created: pace and repetition are what is tested here; test/api has the real thing. */
function setUp(create: (event: KubernetesObject) => Promise<void> = async () => undefined) {
  const clock = new ManualClock();
  const created: (KubernetesObject & { readonly note?: string; readonly regarding?: object })[] = [];
  const client = {
    create: async <T extends KubernetesObject>(_: unknown, event: KubernetesObject) => {
      await create(event);
      created.push(event);
      return event as T;
    },
  };
  const outcomes: string[] = [];
  const onOutcome = (outcome: string) => void outcomes.push(outcome);
  const recorder = new EventRecorder({ client, controller: "c", instance: "i", clock, log: SILENT, onOutcome });
  return { clock, created, outcomes, recorder };
}

test("a word is not repeated, but said again after another about the same thing", async () => {
  const { recorder, created } = setUp();
  const said = [accepted, accepted, invalid, invalid, accepted].map((event) => recorder.record(GATEWAY, event));
  assert.deepEqual(said, [true, false, true, false, true]);
  await recorder.flush();
  assert.equal(created.length, 3);
  assert.equal(new Set(created.map(({ metadata }) => metadata.name)).size, 3);
  assert.deepEqual(created[0]?.regarding, {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    name: "gw",
    namespace: "ns",
    uid: "u1",
    resourceVersion: "7",
  });
});

test("another object of that name has its own words", () => {
  const { recorder } = setUp();
  recorder.record(GATEWAY, accepted);
  assert.equal(recorder.record({ ...GATEWAY, metadata: { ...GATEWAY.metadata, uid: "u2" } }, accepted), true);
});

test("a flood is cut to a burst and a rate, and what was dropped may be said later", async () => {
  const { recorder, clock, outcomes } = setUp();
  const gateway = (uid: string) => ({ ...GATEWAY, metadata: { ...GATEWAY.metadata, uid } });
  const say = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => recorder.record(gateway(`u${from + i}`), accepted));
  assert.equal(say(0, 100).filter(Boolean).length, 50);
  await clock.advance(2_000);
  assert.equal(say(50, 100).filter(Boolean).length, 10);
  await recorder.flush();
  assert.equal(outcomes.filter((outcome) => outcome === "ok").length, 60);
  assert.equal(outcomes.filter((outcome) => outcome === "limited").length, 140);
});

test("an object that goes to and fro is told some times and then once a minute, and keeps no other silent", async () => {
  const { recorder, clock } = setUp();
  const flap = (count: number) =>
    Array.from({ length: count }, (_, i) => recorder.record(GATEWAY, i % 2 === 0 ? invalid : accepted)).filter(Boolean);
  assert.equal(flap(40).length, 25);
  const other = { ...GATEWAY, metadata: { ...GATEWAY.metadata, uid: "u2" } };
  assert.equal(recorder.record(other, invalid), true);
  await clock.advance(60_000);
  assert.equal(flap(40).length, 1);
});

test("a failure is swallowed and counted, and the next Event is sent", async () => {
  let calls = 0;
  const { recorder, created, outcomes } = setUp(async () => {
    calls++;
    if (calls === 1) throw new Error("forbidden");
  });
  recorder.record(GATEWAY, accepted);
  recorder.record(GATEWAY, invalid);
  await recorder.flush();
  assert.equal(created.length, 1);
  assert.deepEqual(outcomes, ["failed", "ok"]);
});

test("a long message is cut to the API's limit in bytes, at a character", async () => {
  const { recorder, created } = setUp();
  recorder.record(GATEWAY, { ...accepted, message: "äöü".repeat(400) });
  await recorder.flush();
  const note = created[0]?.note ?? "";
  assert.ok(Buffer.byteLength(note) <= 1_024 && Buffer.byteLength(note) > 1_000);
  assert.match(note, /^[äöü]+…$/);
});

test("an Event about a cluster-scoped object is put into the default namespace", async () => {
  const { recorder, created } = setUp();
  recorder.record({ ...GATEWAY, kind: "GatewayClass", metadata: { name: "fsm" } }, accepted);
  await recorder.flush();
  assert.equal(created[0]?.metadata.namespace, "default");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../loop/clock.ts";
import type { LogFields, Logger } from "../../model/log.ts";
import { type CertificateStore, keepCertificates, type StoredSecret } from "./keeper.ts";

const NAMES = ["fsm-gateway.ns.svc"];

/** A fake of the cluster's Secret and webhook, for faults and races that an API server does not give at will. */
class FakeStore implements CertificateStore {
  secret: StoredSecret | undefined;
  published: string | undefined;
  writes = 0;
  failures: Error[] = [];
  beforeWrite: () => void = () => undefined;

  async read(): Promise<StoredSecret | undefined> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return this.secret;
  }

  async write(data: StoredSecret["data"], resourceVersion: string | undefined): Promise<"written" | "conflict"> {
    this.beforeWrite();
    if (this.secret?.resourceVersion !== resourceVersion) return "conflict";
    this.writes++;
    this.secret = { resourceVersion: String(this.writes), data };
    return "written";
  }

  async publishTrust(caBundle: string): Promise<"written" | "unchanged"> {
    if (this.published === caBundle) return "unchanged";
    this.published = caBundle;
    return "written";
  }
}

/** Time that moves only by `turn`, which ends one sleep of a keeper and waits for the next. */
function handClock(start: Date) {
  let wall = start;
  let wake = () => {};
  let asleep = Promise.withResolvers<void>();
  const clock: Clock = {
    nowMs: () => wall.getTime(),
    wallTime: () => wall,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal?.addEventListener("abort", () => resolve(), { once: true });
        asleep.resolve();
      }),
  };
  const turn = async (to: Date = wall) => {
    await asleep.promise;
    asleep = Promise.withResolvers();
    wall = to;
    wake();
    await asleep.promise;
  };
  return { clock, turn };
}

function recorder(): { log: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const none = (_message: string, _fields?: LogFields) => undefined;
  const log: Logger = { debug: none, info: none, error: none, warn: (m) => void warnings.push(m), child: () => log };
  return { log, warnings };
}

const START = new Date("2026-01-01T00:00:00Z");
const LATER = new Date("2026-03-10T00:00:00Z");

test("makes the Secret once; a restart and a second replica read it and write nothing", async () => {
  const store = new FakeStore();
  const options = { ...recorder(), store, dnsNames: NAMES };
  const first = await keepCertificates({ ...options, clock: handClock(START).clock });
  const second = await keepCertificates({ ...options, clock: handClock(START).clock });
  assert.equal(store.writes, 1);
  assert.deepEqual(second.serving(), first.serving());
  assert.equal(store.published, first.caBundle());
  await Promise.all([first.stop(), second.stop()]);
});

test("who loses the race to create takes what the winner made", async () => {
  const store = new FakeStore();
  const winner = await keepCertificates({ ...recorder(), store, dnsNames: NAMES, clock: handClock(START).clock });
  const made = store.secret;
  store.secret = undefined;
  store.beforeWrite = () => {
    store.secret = made;
  };
  const loser = await keepCertificates({ ...recorder(), store, dnsNames: NAMES, clock: handClock(START).clock });
  assert.deepEqual(loser.serving(), winner.serving());
  assert.equal(store.writes, 1);
  await Promise.all([winner.stop(), loser.stop()]);
});

test("renews in time and tells it; the other replica hears of it without writing", async () => {
  const store = new FakeStore();
  const clocks = [handClock(START), handClock(START)];
  const keepers = [];
  for (const { clock } of clocks)
    keepers.push(await keepCertificates({ ...recorder(), store, dnsNames: NAMES, clock }));
  const before = keepers[0]!.serving();
  let told = 0;
  for (const keeper of keepers) keeper.onRotate(() => told++);
  await clocks[0]!.turn();
  assert.equal(told, 0);
  for (const { turn } of clocks) await turn(LATER);
  assert.equal(told, 2);
  assert.equal(store.writes, 2);
  assert.notDeepEqual(keepers[0]!.serving(), before);
  assert.deepEqual(keepers[1]!.serving(), keepers[0]!.serving());
  const { serving, authority } = keepers[0]!.expiry();
  const days = (end: Date, from: Date) => Math.round((end.getTime() - from.getTime()) / 86_400_000);
  assert.deepEqual([days(serving, LATER), days(authority, START)], [90, 3_650]);
  for (const keeper of keepers) await keeper.stop();
});

test("an API server that is away is waited for at the start and survived later", async () => {
  const store = new FakeStore();
  store.failures = [new Error("away")];
  const { log, warnings } = recorder();
  const { clock, turn } = handClock(START);
  const starting = keepCertificates({ log, store, dnsNames: NAMES, clock });
  void turn();
  const keeper = await starting;
  assert.match(warnings[0]!, /no certificates yet/);
  const before = keeper.serving();
  store.failures = [new Error("away")];
  await turn();
  assert.match(warnings[1]!, /those in hand serve on/);
  assert.deepEqual(keeper.serving(), before);
  await keeper.stop();
});

test("a webhook configuration that has lost its trust gets it back", async () => {
  const store = new FakeStore();
  const { clock, turn } = handClock(START);
  const keeper = await keepCertificates({ ...recorder(), store, dnsNames: NAMES, clock });
  store.published = "";
  await turn();
  assert.equal(store.published, keeper.caBundle());
  await keeper.stop();
});

test("a damaged Secret is made anew and said", async () => {
  const store = new FakeStore();
  store.secret = { resourceVersion: "0", data: { "tls.crt": "?" } };
  store.writes = 7;
  const { log, warnings } = recorder();
  const keeper = await keepCertificates({ log, store, dnsNames: NAMES, clock: handClock(START).clock });
  assert.equal(store.writes, 8);
  assert.match(warnings[0]!, /unreadable/);
  await keeper.stop();
});

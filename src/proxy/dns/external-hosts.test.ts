import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, settled } from "../../../test/wire/manual-clock.ts";
import { AddressGuard, DeniedRanges } from "./address-guard.ts";
import { ExternalHosts, MAX_STALE_MS } from "./external-hosts.ts";
import type { AddressRecord } from "./resolve-host.ts";

type Answer = readonly AddressRecord[] | string;

/** A resolver that answers as the test says; a text is the code of a failure. */
function setUp(answers: { four: Answer; six?: Answer }) {
  const clock = new ManualClock();
  const state = { ...answers, queries: 0, changes: 0 };
  const answer = async (given: Answer = []) => {
    if (typeof given === "string") throw Object.assign(new Error(given), { code: given });
    return given;
  };
  const hosts = new ExternalHosts({
    resolver: {
      resolve4: () => {
        state.queries++;
        return answer(state.four);
      },
      resolve6: () => answer(state.six),
    },
    clock,
    guard: () => new AddressGuard({ ownAddresses: [], deniedRanges: new DeniedRanges() }),
    onChange: () => state.changes++,
  });
  return { clock, state, hosts };
}

const a = (address: string, ttl = 60): AddressRecord => ({ address, ttl });

test("resolves without traffic, and refreshes before the TTL is over", async () => {
  const { clock, state, hosts } = setUp({ four: [a("192.0.2.1")] });
  hosts.keep(new Set(["h.example"]));
  await settled();
  assert.equal(state.queries, 1);
  assert.deepEqual(clock.pending(), [48_000]);
  state.four = [a("192.0.2.2")];
  await clock.advance(47_999);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"]);
  await clock.advance(1);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.2"]);
  assert.equal(state.queries, 2, "look-ups ask nobody");
});

test("TTLs are kept between 5 s and 5 min", async () => {
  for (const [ttl, refreshMs] of [
    [0, 4_000],
    [1, 4_000],
    [100, 80_000],
    [86_400, 240_000],
  ] as const) {
    const { clock, hosts } = setUp({ four: [a("192.0.2.1", ttl)] });
    hosts.keep(new Set(["h.example"]));
    await settled();
    assert.deepEqual(clock.pending(), [refreshMs], `TTL ${ttl}`);
  }
});

test("families alternate, IPv6 first, and each look-up begins one further", async () => {
  const { hosts } = setUp({ four: [a("192.0.2.1"), a("192.0.2.2")], six: [a("2001:db8::1")] });
  hosts.keep(new Set(["h.example"]));
  assert.deepEqual(await hosts.lookup("h.example"), ["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(await hosts.lookup("h.example"), ["2001:db8::1", "192.0.2.2", "192.0.2.1"]);
});

test("a failure is told, tried again ever more slowly, and its mending told too", async () => {
  const { clock, state, hosts } = setUp({ four: "ENOTFOUND", six: "ENOTFOUND" });
  hosts.keep(new Set(["h.example"]));
  assert.deepEqual(hosts.unresolved(), [], "not known yet");
  await settled();
  assert.deepEqual(hosts.unresolved(), [
    { host: "h.example", reason: "name_not_found", message: "h.example does not exist in DNS" },
  ]);
  assert.equal(state.changes, 1);
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    assert.deepEqual(clock.pending(), [delayMs]);
    await clock.advance(delayMs);
  }
  assert.equal(state.changes, 1, "the same failure is no news");
  state.four = [a("192.0.2.1")];
  await clock.advance(30_000);
  assert.deepEqual([hosts.unresolved(), state.changes], [[], 2]);
  state.four = "ETIMEOUT";
  await clock.advance(48_000);
  assert.deepEqual(clock.pending(), [1_000], "the delays begin anew");
});

test("a stale answer bridges an ill DNS, for a day", async () => {
  const { clock, state, hosts } = setUp({ four: [a("192.0.2.1")] });
  hosts.keep(new Set(["h.example"]));
  await settled();
  state.four = "ESERVFAIL";
  await clock.advance(MAX_STALE_MS);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"]);
  assert.deepEqual([hosts.unresolved(), state.changes], [[], 0]);
  await clock.advance(120_000);
  assert.equal(hosts.unresolved()[0]?.reason, "dns_failed");
});

test("a name that is gone is not bridged", async () => {
  const { clock, state, hosts } = setUp({ four: [a("192.0.2.1")] });
  hosts.keep(new Set(["h.example"]));
  await settled();
  state.four = state.six = "ENOTFOUND";
  await clock.advance(48_000);
  assert.equal(hosts.unresolved()[0]?.reason, "name_not_found");
  assert.deepEqual(await hosts.lookup("h.example"), {
    reason: "name_not_found",
    message: "h.example does not exist in DNS",
  });
});

test("one family's failure does not matter while the other answers", async () => {
  const { hosts } = setUp({ four: [a("192.0.2.1")], six: "ETIMEOUT" });
  hosts.keep(new Set(["h.example"]));
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"]);
  assert.deepEqual(hosts.unresolved(), []);
});

test("look-ups share the first query, and hosts no longer wanted are forgotten", async () => {
  const { clock, state, hosts } = setUp({ four: [a("192.0.2.1")] });
  hosts.keep(new Set(["h.example"]));
  await Promise.all([hosts.lookup("h.example"), hosts.lookup("h.example")]);
  assert.equal(state.queries, 1);
  hosts.keep(new Set());
  assert.deepEqual(clock.pending(), []);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"], "asked for just once");
  assert.deepEqual([state.queries, clock.pending()], [2, []]);
});

test("an answer for a host that is gone meanwhile changes nothing", async () => {
  const { clock, state, hosts } = setUp({ four: "ENOTFOUND" });
  hosts.keep(new Set(["h.example"]));
  hosts.close();
  await settled();
  assert.deepEqual([hosts.unresolved(), state.changes, clock.pending()], [[], 0, []]);
});

test("the first answers are waited for, good and bad alike, and no longer than the patience", async () => {
  const { hosts, state } = setUp({ four: [a("192.0.2.1")] });
  await hosts.answered(1);
  hosts.keep(new Set(["h.example"]));
  await hosts.answered(60_000);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"]);
  state.four = "ENOTFOUND";
  hosts.keep(new Set(["h.example", "gone.example"]));
  await hosts.answered(60_000);
  assert.equal(hosts.unresolved()[0]?.host, "gone.example");

  const clock = new ManualClock();
  const never = () => new Promise<never>(() => {});
  const silent = new ExternalHosts({
    resolver: { resolve4: never, resolve6: never },
    clock,
    guard: () => new AddressGuard({ ownAddresses: [], deniedRanges: new DeniedRanges() }),
    onChange: () => {},
  });
  silent.keep(new Set(["h.example"]));
  const waiting = silent.answered(500);
  await clock.advance(500);
  await waiting;
});

test("cached responses are checked again when the guard changes, and hosts are resolved again", async () => {
  const clock = new ManualClock();
  let deniedRanges = new DeniedRanges();
  let answer = Promise.withResolvers<readonly AddressRecord[]>();
  const told: [string, unknown][] = [];
  const hosts = new ExternalHosts({
    resolver: { resolve4: () => answer.promise, resolve6: async () => [] },
    clock,
    guard: () => new AddressGuard({ ownAddresses: [], deniedRanges }),
    onChange: () => told.push(["change", hosts.unresolved().map(({ reason }) => reason)]),
    onAnswer: (host, { ...given }) => told.push([host, "ipv4" in given ? given.ipv4 : given.reason]),
  });
  hosts.keep(new Set(["h.example"]));
  answer.resolve([a("192.0.2.1"), a("198.51.100.1")]);
  await settled();
  answer = Promise.withResolvers();
  told.length = 0;

  deniedRanges = new DeniedRanges(["192.0.2.0/24"]);
  hosts.recheck();
  assert.deepEqual(await hosts.lookup("h.example"), ["198.51.100.1"], "before DNS answers");
  assert.deepEqual(clock.pending(), [], "the query is under way");
  deniedRanges = new DeniedRanges(["192.0.2.0/24", "198.51.100.0/24"]);
  hosts.recheck();
  assert.equal(hosts.unresolved()[0]?.reason, "address_forbidden");
  answer.resolve([a("192.0.2.1"), a("198.51.100.1")]);
  await settled();
  assert.equal(hosts.unresolved()[0]?.reason, "address_forbidden", "the query began before the change");
  assert.deepEqual(clock.pending(), [1_000]);
  deniedRanges = new DeniedRanges([]);
  hosts.recheck();
  await settled();
  assert.deepEqual(clock.pending(), [48_000], "one timer");
  assert.deepEqual(told, [
    ["h.example", ["198.51.100.1"]],
    ["h.example", "address_forbidden"],
    ["change", ["address_forbidden"]],
    // Its message names both addresses now.
    ["h.example", "address_forbidden"],
    ["change", ["address_forbidden"]],
    ["h.example", "address_forbidden"],
    ["h.example", ["192.0.2.1", "198.51.100.1"]],
    ["change", []],
  ]);
});

test("a guard that cannot be made leaves no address in use", async () => {
  let fails = false;
  const clock = new ManualClock();
  const hosts = new ExternalHosts({
    resolver: { resolve4: async () => [a("192.0.2.1")], resolve6: async () => [] },
    clock,
    guard: () => {
      if (fails) throw new Error("EMFILE");
      return new AddressGuard({ ownAddresses: [], deniedRanges: new DeniedRanges() });
    },
    onChange: () => {},
  });
  hosts.keep(new Set(["h.example"]));
  await settled();
  fails = true;
  hosts.recheck();
  await settled();
  assert.deepEqual(
    hosts.unresolved().map(({ reason }) => reason),
    ["dns_failed"],
  );
  fails = false;
  await clock.advance(1_000);
  assert.deepEqual(await hosts.lookup("h.example"), ["192.0.2.1"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Admission, MIN_WAIT_MS, type SharedSources, type SourceRefusal, type Ticket } from "./admission.ts";
import { type AdmissionLimits, defaultLimits } from "./limits.ts";
import { SourceCounts } from "./source-counts.ts";
import { testSources } from "./testing/sources.ts";
import { TokenBucket } from "./token-bucket.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;
const NO_LIMITS: AdmissionLimits = {
  maxConnections: NO_LIMIT,
  maxUnrouted: NO_LIMIT,
  publicSource: { maxConnections: NO_LIMIT, maxUnrouted: NO_LIMIT },
  privateSource: { maxConnections: NO_LIMIT, maxUnrouted: NO_LIMIT },
};

function admissionWith(limits: Partial<AdmissionLimits>, sources: SharedSources = testSources(), part = 0): Admission {
  return new Admission({ ...NO_LIMITS, ...limits }, 0, { sources, part });
}

function admitted(result: string | Ticket): Ticket {
  assert.ok(typeof result === "object", String(result));
  return result;
}

test("a cap on connections: one that goes makes room for one", () => {
  const admission = admissionWith({ maxConnections: 2 });
  const first = admitted(admission.accept(0));
  admitted(admission.accept(0));
  assert.equal(admission.accept(0), "connection_limit");
  first.gone();
  first.gone();
  admitted(admission.accept(0));
  assert.equal(admission.accept(0), "connection_limit");
});

test("a cap on those without a route: one that has its route, or goes, makes room", () => {
  const admission = admissionWith({ maxConnections: 9, maxUnrouted: 1 });
  const first = admitted(admission.accept(0));
  assert.equal(admission.accept(0), "unrouted_limit");
  first.routed();
  const second = admitted(admission.accept(0));
  assert.equal(admission.accept(0), "unrouted_limit");
  second.gone();
  first.gone();
  admitted(admission.accept(0));
  assert.equal(admission.accept(0), "unrouted_limit");
});

/** Returns the result of connections from these addresses, in sequence; none of them closes. */
function refusalsOf(admission: Admission, addresses: readonly string[]): (SourceRefusal["reason"] | undefined)[] {
  return addresses.map((address) => admitted(admission.accept(0)).identify(address)?.reason);
}

test("at the limit without a route the connection that has waited longest is closed, once it has waited 2 s", () => {
  const admission = admissionWith({ maxUnrouted: 3 });
  const closed: string[] = [];
  const come = (name: string, nowMs: number) => {
    const ticket = admitted(admission.accept(nowMs));
    ticket.owner = { cut: (reason) => closed.push(`${name} ${reason}`) };
    return ticket;
  };
  const first = come("first", 0);
  come("second", 10);
  come("third", 20);
  assert.equal(admission.accept(MIN_WAIT_MS - 1), "unrouted_limit");
  first.routed();
  come("fourth", MIN_WAIT_MS - 1);
  assert.equal(admission.accept(MIN_WAIT_MS + 9), "unrouted_limit");
  come("fifth", MIN_WAIT_MS + 10);
  assert.equal(admission.accept(MIN_WAIT_MS + 10), "unrouted_limit");
  come("sixth", MIN_WAIT_MS + 20);
  assert.deepEqual(closed, ["second unrouted_limit", "third unrouted_limit"]);
});

test("no connection is closed for one that the rate refuses, and what the limit refuses uses no token", () => {
  const admission = admissionWith({ maxUnrouted: 3, newConnections: { perSecond: 1, burst: 1 } });
  const closed: string[] = [];
  const come = (nowMs: number) => {
    admitted(admission.accept(nowMs)).owner = { cut: () => closed.push(`from ${nowMs}`) };
  };
  for (const nowMs of [0, 1_000, 2_000]) come(nowMs);
  come(3_000);
  assert.deepEqual(closed, ["from 0"]);
  assert.equal(admission.accept(3_000), "connection_rate_limit");
  assert.deepEqual(closed, ["from 0"]);
  come(4_000);
  come(5_000);
  assert.equal(admission.accept(5_000), "connection_rate_limit");
  const full = admissionWith({ maxUnrouted: 1, newConnections: { perSecond: 1, burst: 2 } });
  const first = admitted(full.accept(0));
  assert.equal(full.accept(0), "unrouted_limit");
  first.routed();
  admitted(full.accept(0));
});

test("parts of a proxy have equal shares of the limit without a route", () => {
  const admission = admissionWith({ maxUnrouted: 9 });
  for (let count = 0; count < 3; count++) admitted(admission.accept(0, 3));
  assert.equal(admission.accept(0, 3), "unrouted_limit");
  admitted(admission.accept(0));
});

test("a limit of one client: by IPv4 address, mapped or not, and by /64 of IPv6", () => {
  const one = { maxConnections: 1, maxUnrouted: NO_LIMIT };
  const admission = admissionWith({ publicSource: one, privateSource: one });
  const addresses = ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"];
  const refused = "client_connection_limit";
  assert.deepEqual(refusalsOf(admission, addresses), [undefined, refused, undefined, undefined, refused, undefined]);
  assert.deepEqual(refusalsOf(admission, ["10.0.0.1", "10.0.0.1", "unknown", "unknown"]), [
    undefined,
    refused,
    undefined,
    undefined,
  ]);
});

test("defaults: half of the descriptors, a quarter without a route, and limits of public sources only", () => {
  const limits = defaultLimits(20_000);
  assert.deepEqual(limits, {
    maxConnections: 20_000,
    maxUnrouted: 5_000,
    publicSource: { maxConnections: 5_000, maxUnrouted: 1_250 },
    privateSource: { maxConnections: NO_LIMIT, maxUnrouted: NO_LIMIT },
  });
  const admission = admissionWith(defaultLimits(32));
  const private_ = ["10.1.2.3", "172.31.0.1", "192.168.0.1", "100.127.0.1", "127.0.0.1", "169.254.1.1", "fd00::1"];
  for (const address of [...private_, "fe80::1", "::1", "::ffff:10.1.2.3"]) {
    const tickets = Array.from({ length: 8 }, () => admitted(admission.accept(0)));
    assert.ok(
      tickets.every((ticket) => ticket.identify(address) === undefined),
      address,
    );
    for (const ticket of tickets) ticket.gone();
  }
  for (const address of ["11.0.0.0", "172.32.0.0", "192.169.0.0", "100.128.0.0", "128.0.0.0", "fe00::", "::2"]) {
    const tickets = Array.from({ length: 3 }, () => admitted(admission.accept(0)));
    const reasons = tickets.map((ticket) => ticket.identify(address)?.reason);
    assert.deepEqual(reasons, [undefined, undefined, "unrouted_limit"], address);
    for (const ticket of tickets) ticket.gone();
  }
});

test("connections of one client with a route are limited separately from its connections without one", () => {
  const admission = admissionWith(defaultLimits(32));
  const come = () => {
    const ticket = admitted(admission.accept(0));
    const refusal = ticket.identify("192.0.2.1");
    if (refusal === undefined) ticket.routed();
    else ticket.gone();
    return refusal?.reason;
  };
  const reasons = Array.from({ length: 9 }, come);
  assert.deepEqual(reasons, [...new Array(8).fill(undefined), "client_connection_limit"]);
});

test("threads count the connections of one client together", () => {
  const sources = testSources(undefined, 2);
  const [one, other] = [0, 1].map((part) => admissionWith(defaultLimits(32), sources, part));
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual(refusalsOf(one, ["192.0.2.1"]), [undefined]);
  assert.deepEqual(refusalsOf(other, ["192.0.2.1", "192.0.2.1", "192.0.2.2"]), [
    undefined,
    "unrouted_limit",
    undefined,
  ]);
});

test("a rate of new connections, which a change of other limits does not begin anew", () => {
  const newConnections = { perSecond: 10, burst: 2 };
  const limits = { ...NO_LIMITS, maxConnections: 99 };
  const admission = admissionWith({ ...limits, newConnections });
  const come = (nowMs: number) => typeof admission.accept(nowMs) === "object";
  assert.deepEqual(
    [come(0), come(0), come(0), come(99), come(100), come(100)],
    [true, true, false, false, true, false],
  );
  admission.set({ ...limits, maxConnections: 98, newConnections: { ...newConnections } }, 100);
  assert.equal(admission.accept(100), "connection_rate_limit");
  admission.set(limits, 100);
  assert.ok(come(100));
  // After a long silence there are as many tokens as are kept, and no more.
  admission.set({ ...limits, newConnections }, 100);
  assert.deepEqual([come(9_000), come(9_000), come(9_000)], [true, true, false]);
});

test("a bucket lets no more through than its burst and its rate, in any stretch of time", () => {
  const steps = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10 }), steps, (perSecond, burst, steps) => {
      const bucket = new TokenBucket({ perSecond, burst }, 0);
      const taken: number[] = [];
      let nowMs = 0;
      for (const step of steps) {
        nowMs += step;
        if (bucket.take(nowMs)) taken.push(nowMs);
      }
      for (const [from, start] of taken.entries()) {
        for (const [to, end] of taken.entries()) {
          if (to < from) continue;
          assert.ok(to - from + 1 <= burst + ((end - start) * perSecond) / 1_000 + 1e-6);
        }
      }
    }),
  );
});

interface Open {
  readonly ticket: Ticket;
  readonly client: number | undefined;
  isRouted: boolean;
}

/** Says what must be said of one more connection, and notes it if it was let in. */
function come(admission: Admission, open: Open[], client: number): void {
  const unrouted = open.filter(({ isRouted }) => !isRouted).length;
  const result = admission.accept(0);
  const expected = open.length === 5 ? "connection_limit" : unrouted === 3 ? "unrouted_limit" : "ticket";
  assert.equal(typeof result === "string" ? result : "ticket", expected);
  if (typeof result === "string") return;
  const isFull = open.filter((one) => one.client === client).length === 2;
  assert.equal(result.identify(`192.0.2.${client}`)?.reason, isFull ? "client_connection_limit" : undefined);
  open.push({ ticket: result, client: isFull ? undefined : client, isRouted: false });
}

test("whatever connections do, the caps hold, all is given back, and memory is of those that are open", () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant("accept" as const), client: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constantFrom("routed" as const, "gone" as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const sources = testSources();
      const publicSource = { maxConnections: 2, maxUnrouted: NO_LIMIT };
      const admission = admissionWith({ maxConnections: 5, maxUnrouted: 3, publicSource }, sources);
      const counts = new SourceCounts(sources.memory, 0);
      const open: Open[] = [];
      for (const action of actions) {
        const index = action.type === "accept" ? 0 : action.which % Math.max(open.length, 1);
        const one = open[index];
        if (action.type === "accept") come(admission, open, action.client);
        else if (one !== undefined) {
          one.ticket[action.type]();
          one.isRouted = true;
          if (action.type === "gone") open.splice(index, 1);
        }
        for (const client of [1, 2, 3]) {
          const held = open.filter((one) => one.client === client);
          const hash = (admission.sources.fromText(`192.0.2.${client}`) ?? assert.fail()) >>> 0;
          const unrouted = held.filter(({ isRouted }) => !isRouted).length;
          assert.deepEqual(counts.getTotals(hash), { connections: held.length, unrouted });
        }
      }
    }),
  );
});

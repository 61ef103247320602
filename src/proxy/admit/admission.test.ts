import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Admission, type Ticket } from "./admission.ts";
import { TokenBucket } from "./token-bucket.ts";

function admitted(result: string | Ticket): Ticket {
  assert.ok(typeof result === "object", String(result));
  return result;
}

test("a cap on connections: one that goes makes room for one", () => {
  const admission = new Admission({ maxConnections: 2 }, 0);
  const first = admitted(admission.accept(0));
  admitted(admission.accept(0));
  assert.equal(admission.accept(0), "connection_limit");
  first.gone();
  first.gone();
  admitted(admission.accept(0));
  assert.equal(admission.accept(0), "connection_limit");
});

test("a cap on those without a route: one that has its route, or goes, makes room", () => {
  const admission = new Admission({ maxConnections: 9, maxUnrouted: 1 }, 0);
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

test("a cap per client: by IPv4 address, mapped or not, and by /64 of IPv6", () => {
  const admission = new Admission({ maxConnections: 99, maxPerClient: 1 }, 0);
  const come = (address: string) => admitted(admission.accept(0)).identify(address);
  assert.deepEqual(
    ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(come),
    [undefined, "client_connection_limit", undefined, undefined, "client_connection_limit", undefined],
  );
});

test("a rate of new connections, which a change of other limits does not begin anew", () => {
  const newConnections = { perSecond: 10, burst: 2 };
  const admission = new Admission({ maxConnections: 99, newConnections }, 0);
  const come = (nowMs: number) => typeof admission.accept(nowMs) === "object";
  assert.deepEqual(
    [come(0), come(0), come(0), come(99), come(100), come(100)],
    [true, true, false, false, true, false],
  );
  admission.set({ maxConnections: 98, newConnections: { ...newConnections } }, 100);
  assert.equal(admission.accept(100), "connection_rate_limit");
  admission.set({ maxConnections: 98 }, 100);
  assert.ok(come(100));
  // After a long silence there are as many tokens as are kept, and no more.
  admission.set({ maxConnections: 98, newConnections }, 100);
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
  assert.equal(result.identify(`192.0.2.${client}`), isFull ? "client_connection_limit" : undefined);
  open.push({ ticket: result, client: isFull ? undefined : client, isRouted: false });
}

test("whatever connections do, the caps hold, all is given back, and memory is of those that are open", () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant("accept" as const), client: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constantFrom("routed" as const, "gone" as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const admission = new Admission({ maxConnections: 5, maxUnrouted: 3, maxPerClient: 2 }, 0);
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
        assert.equal(admission.clients, new Set(open.flatMap(({ client }) => client ?? [])).size);
      }
    }),
  );
});

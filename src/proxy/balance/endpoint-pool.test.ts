import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint, EndpointsResource } from "../../model/proxy-config.ts";
import type { BackendTraffic, Ejection } from "../../model/traffic.ts";
import { EndpointPool } from "./endpoint-pool.ts";

const endpoint = (host: number): Endpoint => ({ address: `10.0.0.${host}`, port: 443 });
const resource = (...hosts: number[]): EndpointsResource => ({
  kind: "endpoints",
  name: "shop/web:443",
  endpoints: hosts.map(endpoint),
});
const poolOf = (traffic: BackendTraffic, ...hosts: number[]) =>
  new EndpointPool(
    resource(...hosts),
    traffic,
    () => 0,
    () => {},
  );
const hostsOf = (endpoints: readonly Endpoint[]) => endpoints.map(({ address }) => Number(address.split(".")[3]));
const order = (pool: EndpointPool, { client = "192.0.2.1", nowMs = 0, limit = 8 } = {}) =>
  hostsOf(pool.order({ client, nowMs, limit }));

/** Opens a connection at whoever is first. */
function open(pool: EndpointPool, client?: string): number {
  const [first] = pool.order({ client, nowMs: 0, limit: 1 });
  pool.begun(first!);
  pool.answered(first!, 0);
  return hostsOf([first!])[0]!;
}

const EJECTION: Ejection = { consecutiveFailures: 2, baseMs: 1_000, maxMs: 2_500 };
function fail(pool: EndpointPool, host: number, nowMs: number, times = 1): void {
  for (let turn = 0; turn < times; turn++) {
    pool.begun(endpoint(host));
    pool.failed(endpoint(host), nowMs);
    pool.ended(endpoint(host));
  }
}

test("round robin: each endpoint in turn, then those after it", () => {
  const pool = poolOf({ ejection: EJECTION }, 1, 2, 3);
  assert.deepEqual(
    [order(pool), order(pool), order(pool), order(pool, { limit: 2 })],
    [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
      [1, 2],
    ],
  );
});

test("least connections: never is one endpoint two ahead of another while connections come, and it fills what has emptied", () => {
  const pool = poolOf({ balance: "LeastConnections" }, 1, 2, 3);
  const held = Array.from({ length: 9 }, () => open(pool));
  assert.deepEqual(pool.active, [3, 3, 3]);
  for (const host of held.filter((host) => host === 2)) pool.ended(endpoint(host));
  assert.deepEqual([open(pool), open(pool), open(pool)], [2, 2, 2]);
  assert.deepEqual(pool.active, [3, 3, 3]);
});

test("least connections: an attempt counts from its beginning, and no more when it has failed", () => {
  const pool = poolOf({ balance: "LeastConnections" }, 1, 2);
  const [first] = pool.order({ client: undefined, nowMs: 0, limit: 1 });
  pool.begun(first!);
  assert.deepEqual(pool.active, [1, 0]);
  assert.deepEqual(order(pool, { limit: 1 }), [2]);
  pool.failed(first!, 0);
  pool.ended(first!);
  assert.deepEqual(pool.active, [0, 0]);
});

test("whatever is opened and ended, the counts are of what is open, through changes of the endpoints", () => {
  const action = fc.oneof(
    fc.constant({ type: "open" as const }),
    fc.nat().map((which) => ({ type: "end" as const, which })),
    fc
      .uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1 })
      .map((hosts) => ({ type: "change" as const, hosts })),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const pool = poolOf({ balance: "LeastConnections" }, 1, 2, 3);
      let members = [1, 2, 3];
      const open: Endpoint[] = [];
      for (const action of actions) {
        if (action.type === "change") {
          members = action.hosts;
          pool.update(resource(...members), { balance: "LeastConnections" });
        } else if (action.type === "open") {
          const [first] = pool.order({ client: undefined, nowMs: 0, limit: 1 });
          const counts = members.map((host) => open.filter(({ address }) => address === `10.0.0.${host}`).length);
          assert.equal(counts[members.indexOf(hostsOf([first!])[0]!)], Math.min(...counts));
          pool.begun(first!);
          open.push(first!);
        } else if (open.length > 0) {
          pool.ended(open.splice(action.which % open.length, 1)[0]!);
        }
        assert.deepEqual(
          pool.active,
          members.map((host) => open.filter(({ address }) => address === `10.0.0.${host}`).length),
        );
      }
    }),
  );
});

test("consistent hash: a client has its endpoint, and its next one, and clients are spread", () => {
  const pool = poolOf({ balance: "ConsistentHash" }, 1, 2, 3, 4);
  const clients = Array.from({ length: 400 }, (_, index) =>
    `198.51.100.${index & 255}`.replace("100", `${index >> 8}`),
  );
  const counts = new Map<number, number>();
  for (const client of clients) {
    const first = order(pool, { client });
    assert.deepEqual(order(pool, { client }), first);
    assert.equal(new Set(first).size, 4);
    assert.deepEqual(order(pool, { client: `::ffff:${client}` }), first);
    counts.set(first[0]!, (counts.get(first[0]!) ?? 0) + 1);
  }
  // 400 over 4: a share below 60 or above 140 would be five standard deviations away.
  for (const count of counts.values()) assert.ok(count > 60 && count < 140, JSON.stringify([...counts]));
  const before = clients.map((client) => order(pool, { client }));
  pool.update(resource(1, 2, 4), { balance: "ConsistentHash" });
  const moved = clients.filter(
    (client, index) => before[index]![0] !== 3 && order(pool, { client })[0] !== before[index]![0],
  );
  assert.ok(moved.length < 60, `${moved.length} of 400 clients moved without need`);
});

test("consistent hash without an address: in turn", () => {
  const pool = poolOf({ balance: "ConsistentHash" }, 1, 2);
  assert.deepEqual([open(pool), open(pool), open(pool)], [1, 2, 1]);
});

test("an endpoint whose connects fail in a row is left out, longer each time, and comes back", () => {
  const pool = poolOf({ ejection: EJECTION }, 1, 2);
  fail(pool, 1, 0);
  assert.deepEqual(order(pool).toSorted(), [1, 2]);
  fail(pool, 1, 0);
  assert.deepEqual(order(pool), [2]);
  assert.deepEqual(order(pool, { nowMs: 999 }), [2]);
  assert.deepEqual(order(pool, { nowMs: 1_000 }).toSorted(), [1, 2]);
  // It is back on trial: one failure is enough, and it is out for twice as long, then for as long as is allowed.
  fail(pool, 1, 1_000);
  assert.deepEqual(order(pool, { nowMs: 2_999 }), [2]);
  fail(pool, 1, 3_000);
  assert.deepEqual(order(pool, { nowMs: 5_499 }), [2]);
  assert.deepEqual(order(pool, { nowMs: 5_500 }).toSorted(), [1, 2]);
  // Having done well for as long as it was out, it begins anew.
  pool.answered(endpoint(1), 8_000);
  fail(pool, 1, 8_000, 2);
  assert.deepEqual(order(pool, { nowMs: 8_999 }), [2]);
  assert.deepEqual(order(pool, { nowMs: 9_000 }).toSorted(), [1, 2]);
});

test("a connect that is answered between two that fail keeps an endpoint in", () => {
  const pool = poolOf({ ejection: EJECTION }, 1, 2);
  for (let turn = 0; turn < 5; turn++) {
    fail(pool, 1, turn);
    pool.answered(endpoint(1), turn);
  }
  assert.deepEqual(order(pool).toSorted(), [1, 2]);
});

test("whatever fails, at most half of the endpoints are left out, and of one none", () => {
  const failures = fc.array(fc.record({ host: fc.integer({ min: 1, max: 7 }), nowMs: fc.nat({ max: 5_000 }) }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), failures, (count, failures) => {
      const hosts = Array.from({ length: count }, (_, index) => index + 1);
      const pool = poolOf({ ejection: EJECTION }, ...hosts);
      for (const { host, nowMs } of failures.toSorted((one, two) => one.nowMs - two.nowMs)) {
        fail(pool, host, nowMs);
        assert.ok(order(pool, { nowMs }).length >= Math.ceil(count / 2));
      }
    }),
  );
});

test("an unhealthy endpoint is left out; when all are, all are tried; without health checks all are healthy again", () => {
  const healthCheck = { type: "TCP", intervalMs: 1, timeOutMs: 1, healthyAfter: 1, unhealthyAfter: 1 } as const;
  const pool = poolOf({ healthCheck }, 1, 2);
  pool.setHealthy(endpoint(1), false);
  assert.deepEqual([order(pool), order(pool)], [[2], [2]]);
  pool.setHealthy(endpoint(2), false);
  pool.setHealthy(endpoint(9), false);
  assert.deepEqual(order(pool).toSorted(), [1, 2]);
  pool.setHealthy(endpoint(2), true);
  assert.deepEqual(order(pool), [2]);
  pool.update(resource(1, 2), { balance: "LeastConnections" });
  assert.deepEqual(order(pool).toSorted(), [1, 2]);
});

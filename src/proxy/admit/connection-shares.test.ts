import assert from "node:assert/strict";
import { test } from "node:test";
import { addConnection, type ConnectionShare, ConnectionShares, removeConnections } from "./connection-shares.ts";

test("each Gateway has an equal share, at least 1, and is notified when others are added and removed", () => {
  const shares = new ConnectionShares(3);
  const notified: Record<string, ConnectionShare[]> = {};
  const join = (name: string) => {
    const list: ConnectionShare[] = [];
    notified[name] = list;
    return shares.join((share) => list.push(share));
  };
  join("a");
  assert.deepEqual(shares.current, { maxConnections: 3, gateways: 1 });
  const leave = join("b");
  const leaves = ["c", "d"].map(join);
  assert.deepEqual(shares.current, { maxConnections: 1, gateways: 4 });
  for (const call of [...leaves, leave, leave]) call();
  assert.deepEqual(
    notified.a?.map(({ gateways }) => gateways),
    [2, 3, 4, 3, 2, 1],
  );
  assert.deepEqual(notified.d, [{ maxConnections: 1, gateways: 3 }]);
  assert.deepEqual(shares.current, { maxConnections: 3, gateways: 1 });
});

test("connections of all Gateways are counted up to the process's limit", () => {
  const { connections } = new ConnectionShares(2);
  assert.deepEqual(
    [addConnection(connections), addConnection(connections), addConnection(connections)],
    [true, true, false],
  );
  removeConnections(connections, 2);
  assert.equal(addConnection(connections), true);
  assert.equal(addConnection(connections), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAGLEV_SLOTS, maglevTable } from "./maglev.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255} 443`);

function shares(table: Int32Array, count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const index of table) counts[index]!++;
  return counts;
}

for (const count of [1, 2, 3, 10, 100]) {
  test(`${count} endpoints have nearly as many slots each`, () => {
    const counts = shares(maglevTable(names(count)), count);
    // Turns are taken one by one, so that nobody is more than a slot ahead.
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${Math.min(...counts)} to ${Math.max(...counts)}`);
  });
}

for (const count of [3, 10, 50]) {
  test(`when one of ${count} endpoints goes, few slots of the others change hands`, () => {
    const all = names(count);
    const gone = 1;
    const before = maglevTable(all);
    const after = maglevTable(all.filter((_, index) => index !== gone));
    let moved = 0;
    for (const [slot, index] of before.entries()) {
      const now = after[slot]! >= gone ? after[slot]! + 1 : after[slot]!;
      assert.notEqual(now, gone);
      if (index !== gone && now !== index) moved++;
    }
    // Figure 9 of the paper: with a table a hundred times as large as its endpoints, below 2 per cent.
    const part = moved / MAGLEV_SLOTS;
    assert.ok(part < 0.25 / count + 0.02, `${(100 * part).toFixed(2)} per cent of the slots moved without need`);
  });
}

test("the order in which endpoints are listed makes no difference", () => {
  const list = fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(list, fc.infiniteStream(fc.nat()), (some, chance) => {
      const other = some.map((name) => [chance.next().value as number, name] as const);
      const shuffled = other.sort(([one], [two]) => one - two).map(([, name]) => name);
      const slots = 1_009;
      const named = (list: readonly string[]) => [...maglevTable(list, slots)].map((index) => list[index]);
      assert.deepEqual(named(shuffled), named(some));
    }),
    { numRuns: 50 },
  );
});

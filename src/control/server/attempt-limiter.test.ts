import assert from "node:assert/strict";
import { test } from "node:test";
import { AttemptLimiter } from "./attempt-limiter.ts";

test("a peer has a burst and then a rate, and no other peer pays for it", () => {
  const limiter = new AttemptLimiter({ burst: 3, perSecond: 2 });
  const tries = (peer: string, nowMs: number, count: number) =>
    Array.from({ length: count }, () => limiter.tryAttempt(peer, nowMs)).filter(Boolean).length;
  assert.equal(tries("a", 0, 10), 3);
  assert.equal(tries("b", 0, 10), 3);
  assert.equal(tries("a", 1_000, 10), 2);
  assert.equal(tries("a", 1_250, 10), 0, "half a token is none");
  assert.equal(tries("a", 1_500, 10), 1);
  assert.equal(tries("a", 3_600_000, 10), 3, "no more than the burst, however long the pause");
});

test("peers are bounded, and the one seen longest ago is evicted", () => {
  const limiter = new AttemptLimiter({ burst: 1, perSecond: 0.001 });
  assert.equal(limiter.tryAttempt("first", 0), true);
  for (let i = 0; i < 20_000; i++) limiter.tryAttempt(`peer-${i}`, 1);
  assert.equal(limiter.size, 10_000);
  assert.equal(limiter.tryAttempt("peer-19999", 2), false, "a recent one is still known");
});

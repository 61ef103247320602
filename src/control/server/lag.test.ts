import assert from "node:assert/strict";
import { test } from "node:test";
import { Lag } from "./lag.ts";

test("a proxy that has everything is not behind", () => {
  const lag = new Lag();
  assert.equal(lag.ageMs(100), 0);
  lag.published(100);
  lag.sent();
  assert.equal(lag.answered(130), 30);
  assert.equal(lag.ageMs(500), 0);
});

test("the age counts from the first publication that is not answered, however many follow", () => {
  const lag = new Lag();
  lag.published(100);
  lag.sent();
  lag.published(200);
  lag.published(300);
  assert.equal(lag.ageMs(400), 300);
  assert.equal(lag.answered(400), 300);
  assert.equal(lag.ageMs(400), 200, "the second is waiting still");
  lag.sent();
  assert.equal(lag.answered(450), 250);
  assert.equal(lag.ageMs(450), 0);
});

test("a publication that was taken back before it was sent is not waited for", () => {
  const lag = new Lag();
  lag.published(100);
  lag.settled();
  assert.equal(lag.ageMs(900), 0);
});

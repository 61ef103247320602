import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeFlatness, judgeRest, type Sample } from "./verdict.ts";

const SECONDS = 1_200;
const STEADY: Omit<Sample, "seconds"> = { sockets: 60, pipes: 20, others: 24, threads: 9, pssKib: 150_000 };

/** A sample every five seconds. */
const samplesOf = (at: (seconds: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: SECONDS / 5 }, (_, index) => ({ ...STEADY, seconds: 5 * index, ...at(5 * index) }));

const missed = (samples: readonly Sample[]): string[] =>
  judgeFlatness(samples, SECONDS)
    .filter(({ isGood }) => !isGood)
    .map(({ what }) => what);

test("what varies without growing is flat, and so is what has grown while it warmed up", () => {
  assert.deepEqual(missed(samplesOf((seconds) => ({ sockets: 60 + (seconds % 7) * 10 }))), []);
  assert.deepEqual(missed(samplesOf((seconds) => ({ pssKib: 100_000 + 170 * Math.min(seconds, 300) }))), []);
});

test("a leak of one descriptor in 500 connections is found, of each kind", () => {
  const leaked = (seconds: number) => Math.floor((seconds * 60) / 500);
  assert.deepEqual(missed(samplesOf((seconds) => ({ sockets: 60 + leaked(seconds) }))), ["sockets"]);
  assert.deepEqual(missed(samplesOf((seconds) => ({ pipes: 20 + leaked(seconds) }))), ["pipes"]);
  assert.deepEqual(missed(samplesOf((seconds) => ({ others: 24 + leaked(seconds) }))), ["others"]);
});

test("memory that grows by 2 MiB a minute is found", () => {
  assert.deepEqual(missed(samplesOf((seconds) => ({ pssKib: 150_000 + (2_048 * seconds) / 60 }))), ["pssKib"]);
});

test("a window without a sample is no verdict", () => {
  assert.throws(() => judgeFlatness([], SECONDS), /too short/);
});

test("when the load has gone, one socket too many is one too many; pipes may stay in their pool", () => {
  const verdict = (sockets: number, pipes: number) =>
    judgeRest(STEADY, { ...STEADY, sockets, pipes }, 512).map(({ isGood }) => isGood);
  assert.deepEqual(verdict(60, 532), [true, true, true]);
  assert.deepEqual(verdict(61, 533), [false, false, true]);
});

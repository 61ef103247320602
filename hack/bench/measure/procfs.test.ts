import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { busyTicks, childIds, processorName, processTicks, proportionalKib } from "./procfs.ts";

test("times of a process are found behind a name with spaces and parentheses", () => {
  const stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 31 7 8 20 0 1 0 5 0 0 1 0 0";
  assert.equal(processTicks(stat), 281);
});

test("a line that is none is refused, not read as zero", () => {
  assert.throws(() => processTicks("42 (a) S 1"), /no number/);
  assert.throws(() => busyTicks("intr 1 2 3\n"), /not the first line/);
  assert.throws(() => proportionalKib("Rss: 5 kB\n"), /Pss/);
});

test("idle time, time waiting for disks and time of the host are not busy", () => {
  // user nice system idle iowait irq softirq steal guest guest_nice
  assert.equal(busyTicks("cpu  1 2 4 1000 2000 8 16 4000 0 0\ncpu0 9 9 9 9 9 9 9 9 0 0\n"), 31);
});

test("memory is the proportional set, in KiB", () => {
  assert.equal(proportionalKib("55 r--p 00:00 0 [rollup]\nRss:   9000 kB\nPss:    1234 kB\nPss_Dirty: 3 kB\n"), 1234);
});

test("children are ids, and none is none", () => {
  assert.deepEqual(childIds("12 345 \n"), [12, 345]);
  assert.deepEqual(childIds(""), []);
});

test("the processor is named as the kernel names it", () => {
  assert.equal(processorName("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"), "Some CPU @ 2 GHz");
});

test("the real files of this machine are read", { skip: process.platform !== "linux" && "Linux only" }, () => {
  assert.ok(processTicks(readFileSync("/proc/self/stat", "utf8")) > 0);
  assert.ok(busyTicks(readFileSync("/proc/stat", "utf8")) > 0);
  assert.ok(proportionalKib(readFileSync("/proc/self/smaps_rollup", "utf8")) > 1000);
});

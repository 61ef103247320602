/**
 * How long the translator takes: a first translation of 5,000 routes on one Gateway, each with a Service and an EndpointSlice of
 * its own, then one changed endpoint after the other, then one route more after the other. `npm run bench:translate`; prints
 * medians of many rounds, in milliseconds of one core. The goals are 200 ms and 5 ms; it ends with 1 when a median misses one.
 */

import { bigSnapshot, tlsRoute, withEndpoint } from "../../src/translate/testing/world.ts";
import { Translator } from "../../src/translate/translator.ts";

const ROUTES = 5_000;
const GOAL_FIRST_MS = 200;
const GOAL_ENDPOINT_MS = 5;
const GOAL_ROUTE_MS = 5;
const ROUNDS = 31;
const CHANGES = 60;

function time(task: () => void): number {
  const startedAtMs = performance.now();
  task();
  return performance.now() - startedAtMs;
}

function summary(samples: readonly number[]) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), min: at(0), max: at(1) };
}

const first: number[] = [];
const change: number[] = [];
const more: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  let snapshot = bigSnapshot(ROUTES);
  const translator = new Translator();
  // What earlier rounds left is not this round's to clear away.
  globalThis.gc?.();
  first.push(time(() => translator.translate(snapshot)));
  for (let i = 0; i < CHANGES; i++) {
    snapshot = withEndpoint(snapshot, (i * 83) % ROUTES, `10.200.${round}.${i}`);
    change.push(time(() => translator.translate(snapshot)));
  }
  for (let i = 0; i < CHANGES; i++) {
    snapshot = { ...snapshot, tlsRoutes: [...snapshot.tlsRoutes, tlsRoute(`more${i}`, { service: `r${i}` })] };
    more.push(time(() => translator.translate(snapshot)));
  }
}

let missed = false;
for (const [what, samples, goalMs] of [
  [`first translation of ${ROUTES} routes`, first, GOAL_FIRST_MS],
  [`one endpoint among ${ROUTES} routes`, change, GOAL_ENDPOINT_MS],
  [`one route more among ${ROUTES}`, more, GOAL_ROUTE_MS],
] as const) {
  const { median, min, max } = summary(samples);
  missed ||= median > goalMs;
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  console.log(`${what}: median ${ms(median)} (${ms(min)} to ${ms(max)}, ${samples.length} samples), goal ${goalMs} ms`);
}
process.exitCode = missed ? 1 : 0;

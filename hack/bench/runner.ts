/**
 * Runs scenarios: in every round each contender once, in an order that moves on, so that no contender always comes first
 * and the machine's moods hit all alike. Owns starting and stopping; never judges a figure.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "./contenders/contender.ts";
import { checkProxy } from "./load/generator.ts";
import { DIRECT, firstHello, type Laboratory, listenAddress, type Subject, subjectOf } from "./measure/laboratory.ts";
import { costOfLoad } from "./measure/load-cost.ts";
import { type Patience, TOLERATED_FOREIGN_CORES } from "./measure/patience.ts";
import type { Collection } from "./results.ts";
import { Running } from "./running.ts";
import { FEW_ROUTES, type Sample, type Scenario } from "./scenarios/scenario.ts";
import { formatAddress, routesOfWorld } from "./world.ts";

export interface Plan {
  readonly contenders: readonly Contender[];
  /** Also the backends without a proxy. */
  readonly direct: boolean;
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  /** How often a sample that others have disturbed is taken anew. */
  readonly retries: number;
  /** After each sample the machine is left to others for half as long as it took. */
  readonly rest: boolean;
}

export interface Bench {
  readonly laboratory: Laboratory;
  readonly plan: Plan;
  readonly collection: Collection;
  readonly patience: Patience;
  /** Aborted: the sample under way is the last. */
  readonly stop: AbortSignal;
  /** Told of each step, in a few words. */
  progress(what: string): void;
}

export async function runBench(bench: Bench): Promise<void> {
  for (const group of groupsOf(bench.plan.scenarios)) {
    const invited = bench.plan.contenders.filter((contender) => isInvited(bench, contender, group));
    if (group[0].fresh) await runFresh(bench, invited, group[0]);
    else await runShared(bench, invited, group);
  }
}

type Group = readonly [Scenario, ...Scenario[]];

/** Scenarios in a row that can share the running contenders. */
export function groupsOf(scenarios: readonly Scenario[]): readonly Group[] {
  const groups: [Scenario, ...Scenario[]][] = [];
  for (const scenario of scenarios) {
    const open = groups.at(-1);
    const shared = open !== undefined && !scenario.fresh && !open[0].fresh && open[0].routes === scenario.routes;
    if (shared) open.push(scenario);
    else groups.push([scenario]);
  }
  return groups;
}

/** The same items, beginning with another one in each round. */
export function rotated<Item>(items: readonly Item[], round: number): readonly Item[] {
  const from = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

/** Whether the contender takes part in any of the scenarios; why not is noted where it would be looked for. */
function isInvited({ collection }: Bench, contender: Contender, group: Group): boolean {
  for (const scenario of group) {
    const why = contender.absence?.(scenario);
    if (why !== undefined && why !== "") collection.addGap({ scenario: scenario.id, contender: contender.name, why });
  }
  return group.some((scenario) => contender.absence?.(scenario) === undefined);
}

function roundsOf({ plan }: Bench, { mostRounds }: Scenario): number {
  return Math.min(plan.rounds, mostRounds ?? plan.rounds);
}

async function runShared(bench: Bench, contenders: readonly Contender[], group: Group): Promise<void> {
  const subjects: (Subject & { readonly running: Running })[] = [];
  try {
    for (const contender of contenders) {
      if (bench.stop.aborted) return;
      bench.progress(`${contender.name} starts with ${group[0].routes} routes`);
      await noting(bench, contender.name, group, async () => {
        const subject = subjectOf(await startChecked(bench, contender, group[0]));
        subjects.push(subject);
        await warmUp(bench, subject, group[0]);
      });
    }
    for (let round = 0; round < bench.plan.rounds; round++) {
      for (const scenario of group.filter((each) => round < roundsOf(bench, each))) {
        if (bench.stop.aborted) return;
        bench.progress(`${scenario.id}, round ${round + 1} of ${roundsOf(bench, scenario)}`);
        const invited = subjects.filter(({ running }) => running.contender.absence?.(scenario) === undefined);
        const all = bench.plan.direct && scenario.direct ? [DIRECT, ...invited] : invited;
        await takeOfEach(bench, scenario, rotated<Subject>(all, round));
      }
    }
  } finally {
    for (const { running } of subjects) running.stop();
  }
}

async function runFresh(bench: Bench, contenders: readonly Contender[], scenario: Scenario): Promise<void> {
  const rounds = roundsOf(bench, scenario);
  for (let round = 0; round < rounds; round++) {
    bench.progress(`${scenario.id}, round ${round + 1} of ${rounds}`);
    for (const contender of rotated(contenders, round)) {
      if (bench.stop.aborted) return;
      await noting(bench, contender.name, [scenario], async () => {
        const running = await startChecked(bench, contender, scenario);
        try {
          await take(bench, scenario, subjectOf(running));
        } finally {
          running.stop();
        }
      });
    }
  }
}

/** Throws, with what was seen, where the contender does not do the work at all. */
async function startChecked({ laboratory }: Bench, contender: Contender, { routes }: Scenario): Promise<Running> {
  const listen = listenAddress(contender.name);
  const running = await Running.start(contender, listen, routesOfWorld(routes), firstHello(laboratory));
  const wrong = await checkProxy(laboratory.generator, formatAddress(listen), routes);
  if (wrong === undefined) return running;
  running.stop();
  throw new Error(`does not work: ${wrong}`);
}

/** Code that is compiled as it runs, and pools that fill, are ready before the first round. What is measured here is dropped. */
async function warmUp({ laboratory }: Bench, subject: Subject, { routes }: Scenario): Promise<void> {
  const short = { duration: `${laboratory.warmUpMs}ms`, "warm-up": "0s" };
  const settling = { concurrency: "64", duration: `${laboratory.settleMs}ms`, "warm-up": "0s" };
  await costOfLoad(laboratory, subject, "connections", { names: String(Math.min(routes, FEW_ROUTES)), ...settling });
  await costOfLoad(laboratory, subject, "bulk", { direction: "down", concurrency: "8", ...short });
  await costOfLoad(laboratory, subject, "bulk", { direction: "up", concurrency: "8", ...short });
  await costOfLoad(laboratory, subject, "round-trips", { concurrency: "100", ...short });
}

async function takeOfEach(bench: Bench, scenario: Scenario, subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects) {
    if (bench.stop.aborted) return;
    await take(bench, scenario, subject);
  }
}

async function take(bench: Bench, scenario: Scenario, subject: Subject): Promise<void> {
  await noting(bench, subject.name, [scenario], async () => {
    // A fresh process is no longer fresh the second time.
    const retries = scenario.fresh ? 0 : bench.plan.retries;
    const startedAtMs = performance.now();
    bench.collection.add(scenario, subject.name, await calmest(bench, scenario, subject, retries));
    if (bench.plan.rest) await sleep((performance.now() - startedAtMs) / 2);
  });
}

/** The first sample that nobody disturbed, or of so many the least disturbed. */
async function calmest(bench: Bench, scenario: Scenario, subject: Subject, retries: number): Promise<Sample> {
  const { laboratory, patience } = bench;
  const measure = () => scenario.measure(laboratory, subject);
  await patience.untilCalm();
  let best = await measure();
  for (let retry = 0; retry < retries && best.foreignCores > TOLERATED_FOREIGN_CORES && !patience.exhausted; retry++) {
    await patience.untilCalm();
    const next = await patience.spend(measure);
    if (next.foreignCores < best.foreignCores) best = next;
  }
  return best;
}

/** What goes wrong with one contender is noted, and the others go on. */
async function noting(
  { collection, progress }: Bench,
  contender: Subject["name"],
  scenarios: readonly Scenario[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    progress(`${contender}: ${why}`);
    for (const { id } of scenarios) collection.addGap({ scenario: id, contender, why });
  }
}

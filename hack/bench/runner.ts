/**
 * Runs scenarios: in every round each contender once, in an order that moves on, so that no contender always comes first
 * and the machine's moods hit all alike. Owns starting and stopping; never judges a figure.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "./contenders/contender.ts";
import { checkProxy } from "./load/generator.ts";
import { DIRECT, firstHello, type Laboratory, listenAddress, type Subject, subjectOf } from "./measure/laboratory.ts";
import { type Collection, TOLERATED_FOREIGN_CORES } from "./results.ts";
import { Running } from "./running.ts";
import type { Sample, Scenario } from "./scenarios/scenario.ts";
import { formatAddress, routesOfWorld } from "./world.ts";

export interface Plan {
  readonly contenders: readonly Contender[];
  /** Also the backends without a proxy. */
  readonly direct: boolean;
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  /** How often a sample that others have disturbed is taken anew. */
  readonly retries: number;
}

export interface Listeners {
  /** Told of each step, in a few words. */
  progress(what: string): void;
}

export async function runBench(
  laboratory: Laboratory,
  plan: Plan,
  collection: Collection,
  { progress }: Listeners,
): Promise<void> {
  for (const group of groupsOf(plan.scenarios)) {
    const [first] = group;
    const fit = plan.contenders.filter((contender) => mayServe(contender, first, group, collection));
    if (first.fresh) await runFresh(laboratory, { ...plan, contenders: fit }, first, collection, progress);
    else await runShared(laboratory, { ...plan, contenders: fit }, group, collection, progress);
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

function mayServe(
  { name, mostRoutes }: Contender,
  { routes }: Scenario,
  group: Group,
  collection: Collection,
): boolean {
  if (mostRoutes === undefined || routes <= mostRoutes.count) return true;
  const why = `not measured above ${mostRoutes.count.toLocaleString("en")} routes: ${mostRoutes.because}`;
  for (const { id } of group) collection.addGap({ scenario: id, contender: name, why });
  return false;
}

async function runShared(
  laboratory: Laboratory,
  plan: Plan,
  group: Group,
  collection: Collection,
  progress: Listeners["progress"],
): Promise<void> {
  const running: Running[] = [];
  try {
    for (const contender of plan.contenders) {
      progress(`${contender.name} starts with ${group[0].routes} routes`);
      const started = await startChecked(laboratory, contender, group[0]).catch((error: Error) => {
        for (const { id } of group) collection.addGap({ scenario: id, contender: contender.name, why: error.message });
      });
      if (started !== undefined) running.push(started);
    }
    const subjects = running.map(subjectOf);
    for (let round = 0; round < plan.rounds; round++) {
      for (const scenario of group) {
        if (round >= (scenario.mostRounds ?? plan.rounds)) continue;
        progress(`${scenario.id}, round ${round + 1} of ${scenario.mostRounds ?? plan.rounds}`);
        const all = plan.direct && scenario.direct ? [DIRECT, ...subjects] : subjects;
        for (const subject of rotated(all, round)) await take(laboratory, plan, scenario, subject, collection);
      }
    }
  } finally {
    for (const each of running) each.stop();
  }
}

async function runFresh(
  laboratory: Laboratory,
  plan: Plan,
  scenario: Scenario,
  collection: Collection,
  progress: Listeners["progress"],
): Promise<void> {
  const rounds = Math.min(plan.rounds, scenario.mostRounds ?? plan.rounds);
  for (let round = 0; round < rounds; round++) {
    progress(`${scenario.id}, round ${round + 1} of ${rounds}`);
    for (const contender of rotated(plan.contenders, round)) {
      let running: Running | undefined;
      try {
        running = await startChecked(laboratory, contender, scenario);
        await take(laboratory, plan, scenario, subjectOf(running), collection);
      } catch (error) {
        collection.addGap({ scenario: scenario.id, contender: contender.name, why: messageOf(error) });
      } finally {
        running?.stop();
      }
    }
  }
}

/** Throws, with what was seen, where the contender does not do the work at all. */
async function startChecked(laboratory: Laboratory, contender: Contender, { routes }: Scenario): Promise<Running> {
  const listen = listenAddress(contender.name);
  const running = await Running.start(contender, listen, routesOfWorld(routes), firstHello(laboratory));
  const wrong = await checkProxy(laboratory.generator, formatAddress(listen), routes);
  if (wrong === undefined) return running;
  running.stop();
  throw new Error(`does not work: ${wrong}`);
}

async function take(
  laboratory: Laboratory,
  { retries }: Plan,
  scenario: Scenario,
  subject: Subject,
  collection: Collection,
): Promise<void> {
  try {
    // A fresh process is no longer fresh the second time.
    const tries = scenario.fresh ? 0 : retries;
    collection.add(scenario, subject.name, await calmest(laboratory, scenario, subject, tries));
  } catch (error) {
    collection.addGap({ scenario: scenario.id, contender: subject.name, why: messageOf(error) });
  }
}

/** The first sample that nobody disturbed, or of so many the least disturbed. */
async function calmest(laboratory: Laboratory, scenario: Scenario, subject: Subject, retries: number): Promise<Sample> {
  let best = await scenario.measure(laboratory, subject);
  for (let retry = 0; retry < retries && best.foreignCores > TOLERATED_FOREIGN_CORES; retry++) {
    await sleep(1000);
    const next = await scenario.measure(laboratory, subject);
    if (next.foreignCores < best.foreignCores) best = next;
  }
  return best;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

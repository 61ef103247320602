/**
 * Makes modules tell which of their branches an input has reached, and how often: each function, branch and loop of their
 * source counts up a number of its own when they are loaded.
 *
 * V8's own precise coverage must be fetched after each input, which takes some 3 ms; a counter takes nanoseconds. The
 * counters also are the fuel: a count over the allowance stops the input, so that an endless loop is a finding like any other.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { countBranches } from "./count-branches.ts";

const MAX_SITES = 8_192;

/** The name by which instrumented code finds its counter. */
const COUNT = "__fuzzCount";

export class OutOfFuel extends Error {
  constructor() {
    super("did more work than its length allows");
  }
}

export class Coverage {
  /** How often each site was reached since the last reset. */
  readonly counts = new Uint32Array(MAX_SITES);
  #sites = 0;
  #fuel = Number.POSITIVE_INFINITY;

  get sites(): number {
    return this.#sites;
  }

  /** Begins the next input. `fuel`: how much it may count. */
  reset(fuel: number): void {
    this.counts.fill(0, 0, this.#sites);
    this.#fuel = fuel;
  }

  /** The input is done: what runs now may run as long as it likes. */
  suspend(): void {
    this.#fuel = Number.POSITIVE_INFINITY;
  }

  /** Counts in every module of these files that is loaded from now on. */
  instrument(isWanted: (file: string) => boolean): void {
    const { counts } = this;
    Reflect.set(globalThis, COUNT, (site: number) => {
      counts[site] = (counts[site] ?? 0) + 1;
      if (--this.#fuel < 0) throw new OutOfFuel();
    });
    registerHooks({
      load: (url, context, nextLoad) => {
        if (!url.startsWith("file:") || !isWanted(fileURLToPath(url))) return nextLoad(url, context);
        const source = countBranches(readFileSync(fileURLToPath(url), "utf8"), COUNT, () => this.#nextSite());
        return { format: "module", source, shortCircuit: true };
      },
    });
  }

  #nextSite(): number {
    if (this.#sites === MAX_SITES) throw new Error(`more than ${MAX_SITES} branches`);
    return this.#sites++;
  }
}

/**
 * The loop: takes an input that reached something new, changes it, and keeps the result if that reaches something new in
 * turn. What is reached is told by counters in the code (`coverage.ts`); a finding is whatever the target's check throws.
 *
 * Owns no files and no clock: the caller says when to stop.
 */
import type { Coverage } from "./coverage.ts";
import { mutate } from "./mutate.ts";
import { hashOf, Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";

/** Generous: hostile inputs of the corpus use a tenth of it, and an endless loop all. */
const FUEL = 40_000;
const FUEL_PER_BYTE = 400;

/** How often is bucketed, as in AFL: 1, 2, 3, 4–7, 8–15, 16–31, 32–127, more. */
const BUCKETS = 8;

const MAX_MINIMISING_RUNS = 300;
const RECENT = 64;

export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #random: Random;
  readonly #reached: Uint8Array;
  readonly #corpus: Uint8Array[] = [];
  readonly #found: Uint8Array[] = [];
  #runs = 0;

  /** Reaches with `known` what was known before: only what is beyond counts as new. Throws nothing; see `finding`. */
  constructor(target: FuzzTarget, coverage: Coverage, known: readonly Uint8Array[], seed: number) {
    this.#target = target;
    this.#coverage = coverage;
    this.#random = new Random(seed);
    this.#reached = new Uint8Array(coverage.counts.length * BUCKETS);
    for (const input of known) {
      this.finding ??= this.run(input);
      if (this.#news().length > 0) this.#corpus.push(input);
      this.#learn();
    }
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array(0));
  }

  /** Set once a run has failed. */
  finding: Finding | undefined;

  get runs(): number {
    return this.#runs;
  }

  /** Inputs that reached something new, made as small as they could be. */
  get found(): readonly Uint8Array[] {
    return this.#found;
  }

  get corpusSize(): number {
    return this.#corpus.length;
  }

  /** Sites that were reached at all. */
  get sitesReached(): number {
    let sites = 0;
    for (let site = 0; site < this.#coverage.sites; site++) {
      if (this.#reached.subarray(site * BUCKETS, (site + 1) * BUCKETS).includes(1)) sites++;
    }
    return sites;
  }

  /** One more input. Sets `finding` if it fails. */
  step(): void {
    const parent = this.#parent();
    const input = mutate(parent, this.#random.pick(this.#corpus), this.#target, this.#random);
    this.finding = this.run(input);
    if (this.finding !== undefined) return;
    const news = this.#news();
    if (news.length === 0) return;
    const small = this.#minimised(input, news);
    this.run(small);
    this.#learn();
    this.#corpus.push(small);
    this.#found.push(small);
  }

  /** The shorter of two, because long ones take their time; every other time of the latest, which lead on from here. */
  #parent(): Uint8Array {
    const oldest = this.#random.once(2) ? Math.max(0, this.#corpus.length - RECENT) : 0;
    const any = () => this.#corpus[oldest + this.#random.below(this.#corpus.length - oldest)] ?? new Uint8Array(0);
    const [one, other] = [any(), any()];
    return one.length < other.length ? one : other;
  }

  /** Answers what went wrong. */
  run(input: Uint8Array): Finding | undefined {
    this.#runs++;
    this.#coverage.reset(FUEL + FUEL_PER_BYTE * input.length);
    try {
      this.#target.check(input, new Random(hashOf(input)));
      return undefined;
    } catch (error) {
      return { input, error };
    } finally {
      this.#coverage.suspend();
    }
  }

  /** What the last run reached that none before has. */
  #news(): number[] {
    const { counts, sites } = this.#coverage;
    const news: number[] = [];
    for (let site = 0; site < sites; site++) {
      const count = counts[site] ?? 0;
      if (count === 0) continue;
      const feature = site * BUCKETS + bucketOf(count);
      if (this.#reached[feature] === 0) news.push(feature);
    }
    return news;
  }

  #learn(): void {
    for (const feature of this.#news()) this.#reached[feature] = 1;
  }

  /** Leaves out what is not needed to reach the same, in ever smaller pieces. */
  #minimised(input: Uint8Array, news: readonly number[]): Uint8Array {
    let smallest = input;
    let runs = 0;
    for (let size = smallest.length >> 1; size > 0; size >>= 1) {
      for (let start = 0; start < smallest.length && runs < MAX_MINIMISING_RUNS; runs++) {
        const candidate = Buffer.concat([smallest.subarray(0, start), smallest.subarray(start + size)]);
        const reaches = this.run(candidate) === undefined && this.#reaches(news);
        if (reaches) smallest = candidate;
        else start += size;
      }
    }
    return Uint8Array.from(smallest);
  }

  #reaches(features: readonly number[]): boolean {
    const { counts } = this.#coverage;
    return features.every((feature) => {
      const count = counts[Math.floor(feature / BUCKETS)] ?? 0;
      return count > 0 && bucketOf(count) === feature % BUCKETS;
    });
  }
}

function bucketOf(count: number): number {
  if (count <= 3) return count - 1;
  if (count <= 7) return 3;
  if (count <= 15) return 4;
  if (count <= 31) return 5;
  return count <= 127 ? 6 : 7;
}

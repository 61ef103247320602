/**
 * Several informers as one: started and stopped together, behind one barrier. No pass may run before `whenAllSynced`, since
 * a half-filled cache looks like a cluster from which things were deleted.
 */
import { apiVersionOf } from "../kube/resource.ts";
import type { InformerState } from "./cache.ts";
import type { Informer } from "./informer.ts";
import { missingText } from "./problem.ts";

/** An informer of whatever kind. */
interface AnyInformer
  extends Pick<Informer<never>, "kind" | "synced" | "whenSynced" | "type" | "onChange" | "start" | "stop" | "state"> {
  /** Reports whether reads are in progress that the barrier does not wait for. */
  readonly isPending?: boolean;
}

/** An informer as people and metrics see it. */
export interface InformerView extends InformerState {
  /** Its name in the set: a kind may be watched twice, as all of it and as what is ours. */
  readonly name: string;
  readonly kind: string;
  readonly synced: boolean;
  /** At which version it is read; undefined while the cluster does not serve the kind. */
  readonly apiVersion: string | undefined;
}

export class InformerSet<Members extends Readonly<Record<string, AnyInformer>>> {
  readonly of: Members;
  readonly whenAllSynced: Promise<void>;
  #absent: ReadonlySet<string> = new Set();

  constructor(members: Members) {
    this.of = members;
    this.whenAllSynced = Promise.all(this.#all().map((informer) => informer.whenSynced)).then(() => undefined);
  }

  get synced(): boolean {
    return this.#all().every((informer) => informer.synced);
  }

  /** Kinds that are not yet known, for `/readyz`. */
  missing(): string[] {
    return this.#all()
      .filter((informer) => !informer.synced)
      .map((informer) => informer.kind);
  }

  /** What is missing and why, in words; undefined when nothing is. */
  notSynced(): string | undefined {
    return missingText(this.#all().map(({ kind, synced, state }) => ({ kind, synced, failure: state.failure })));
  }

  views(): readonly InformerView[] {
    return Object.entries<AnyInformer>(this.of).map(([name, { kind, synced, isPending = false, type, state }]) => ({
      name,
      kind,
      synced: synced && !isPending,
      apiVersion: type && apiVersionOf(type),
      ...state,
    }));
  }

  /** Kinds that the cluster does not serve; the same set until that changes. */
  absent(): ReadonlySet<string> {
    const informers = this.#all().filter((informer) => informer.synced && informer.type === undefined);
    const kinds = new Set(informers.map((informer) => informer.kind));
    const isSame = kinds.size === this.#absent.size && [...kinds].every((kind) => this.#absent.has(kind));
    if (!isSame) this.#absent = kinds;
    return this.#absent;
  }

  /** One callback for the changes of all. */
  onChange(listener: (kind: string, key: string) => void): void {
    for (const informer of this.#all()) informer.onChange(listener);
  }

  start(): void {
    for (const informer of this.#all()) informer.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((informer) => informer.stop()));
  }

  #all(): readonly AnyInformer[] {
    return Object.values(this.of);
  }
}

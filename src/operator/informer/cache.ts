/** The reading side of informers, and how they fare. Types only, but for one constant. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { ResourceType } from "../kube/resource.ts";

/** The key of no object: told when the kind itself came or went. */
export const NO_OBJECT = "";

/** The reading side of an informer. */
export interface Cache<T extends KubernetesObject = KubernetesObject> {
  readonly kind: string;
  /** True once the first list is complete, or the kind is known to be absent. */
  readonly synced: boolean;
  readonly whenSynced: Promise<void>;
  /** What is read at present; undefined while the cluster does not serve the kind. */
  readonly type: ResourceType | undefined;
  /** All objects, for who judges them; one whose newest version says nothing else may be of an older one. */
  items(): readonly T[];
  /** The newest version of one. */
  get(key: string): T | undefined;
}

/** How often an informer did what, since its start. */
export interface InformerCounts {
  readonly lists: number;
  readonly watches: number;
  readonly failures: number;
}

/** How an informer fares, for metrics and pages. */
export interface InformerState {
  readonly objects: number;
  readonly counts: InformerCounts;
  /** Since the API server last said something: a list, an event or a bookmark, in ms; undefined before the first. */
  readonly silenceMs: number | undefined;
  /** The current failure; undefined if there is none. */
  readonly failure: InformerFailure | undefined;
}

export interface InformerFailure {
  /** Mostly an ApiError. */
  readonly error: unknown;
  readonly attempts: number;
  readonly sinceMs: number;
}

/**
 * Collects the initial events of a streaming list (KEP-3157), up to the bookmark that ends them. Pure.
 * Objects may change during the list, so that MODIFIED and DELETED may occur among the events.
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { WatchEvent } from "../kube/watch-events.ts";

export class InitialEvents<T extends KubernetesObject> {
  readonly #keep: (object: T) => T | undefined;
  readonly #objects = new Map<string, T>();
  #resourceVersion: string | undefined;

  /** `keep` returns what to keep of an object, or undefined for an object that is not needed. */
  constructor(keep: (object: T) => T | undefined) {
    this.#keep = keep;
  }

  get objects(): Iterable<T> {
    return this.#objects.values();
  }

  /** The resourceVersion of the complete list; undefined before it is complete. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  add(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      if (event.endsInitialEvents) this.#resourceVersion = event.resourceVersion;
      return;
    }
    const kept = event.type === "DELETED" ? undefined : this.#keep(event.object);
    const key = objectKey(event.object);
    if (kept === undefined) this.#objects.delete(key);
    else this.#objects.set(key, kept);
  }
}

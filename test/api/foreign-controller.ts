/**
 * A second controller of Gateway API, as a test's operator may meet it in the same objects: it keeps to its own entries and
 * conditions, and finds out whether others do.
 */
import assert from "node:assert/strict";
import type { Condition, KubernetesObject } from "../../src/gateway-api/objects.ts";
import type { Cache } from "../../src/operator/informer/cache.ts";
import { isApiError } from "../../src/operator/kube/api-error.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { referenceTo } from "../../src/operator/kube/resource.ts";

export const FOREIGN = "test.example/foreign";

interface Entry {
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface Status {
  readonly conditions?: readonly Condition[];
  readonly parents?: readonly Entry[];
  readonly ancestors?: readonly Entry[];
  readonly supportedFeatures?: readonly unknown[];
}

export type StatusObject = KubernetesObject & { readonly status?: Status };

/** As the API server has it, whatever the cache says. */
export async function fresh(
  client: KubeClient,
  cache: Cache,
  { metadata }: Pick<KubernetesObject, "metadata">,
): Promise<StatusObject> {
  assert.ok(cache.type !== undefined);
  return client.get<StatusObject>(cache.type, referenceTo({ metadata }));
}

export function condition(type: string, message: string): Condition {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return { type, status: "True", reason: "Accepted", message, observedGeneration: 1, lastTransitionTime };
}

/** Another controller: its own entry in a route's parents or a policy's ancestors, its own condition elsewhere. */
export class ForeignController {
  readonly #client: KubeClient;
  readonly #cache: Cache;
  readonly #object: KubernetesObject;
  #last: unknown;
  #writes = 0;

  constructor(client: KubeClient, cache: Cache, object: KubernetesObject) {
    this.#client = client;
    this.#cache = cache;
    this.#object = object;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Reads, finds its own word untouched, says another one. */
  async turn(): Promise<void> {
    const { type } = this.#cache;
    assert.ok(type !== undefined);
    const object = await fresh(this.#client, this.#cache, this.#object);
    const status = object.status ?? {};
    assert.deepEqual(this.#own(status), this.#last);
    const next = this.#withOwn(status, `foreign ${this.#writes + 1}`);
    try {
      await this.#client.put(type, { ...object, status: next } as KubernetesObject, { subresource: "status" });
      this.#last = this.#own(next);
      this.#writes++;
    } catch (error) {
      if (!isApiError(error, "Conflict")) throw error;
    }
  }

  async check(): Promise<void> {
    const { status = {} } = await fresh(this.#client, this.#cache, this.#object);
    assert.ok(this.#last !== undefined);
    assert.deepEqual(this.#own(status), this.#last);
  }

  #field() {
    const { kind } = this.#object;
    if (kind === "TLSRoute" || kind === "TCPRoute") return { list: "parents", ref: "parentRef" } as const;
    return kind === "BackendTLSPolicy" ? ({ list: "ancestors", ref: "ancestorRef" } as const) : undefined;
  }

  #own(status: Status): unknown {
    const field = this.#field();
    if (field === undefined) return status.conditions?.find(({ type }) => type === "test.example/Audited");
    return status[field.list]?.find(({ controllerName }) => controllerName === FOREIGN);
  }

  #withOwn(status: Status, message: string): Status {
    const field = this.#field();
    if (field === undefined) {
      const others = (status.conditions ?? []).filter(({ type }) => type !== "test.example/Audited");
      return { ...status, conditions: [...others, condition("test.example/Audited", message)] };
    }
    const others = (status[field.list] ?? []).filter(({ controllerName }) => controllerName !== FOREIGN);
    const ref = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "gw" };
    const entry = { [field.ref]: ref, controllerName: FOREIGN, conditions: [condition("Accepted", message)] };
    return { ...status, [field.list]: [...others, entry] };
  }
}

/**
 * Reads Secrets and ConfigMaps only where a Gateway, ListenerSet or policy refers to them: demands the scopes of the translator's
 * lookups, and returns the Gateways that depend on objects that are not read yet. These Gateways keep their configuration, because
 * an object that was not read would look like a missing one. An object that the operator has no right to read makes no Gateway wait: the
 * translator reports the missing right.
 */
import type { ReferencedQuestion, Translator } from "../../translate/translator.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import { type ScopedInformer, scopesFor } from "../informer/scoped-informer.ts";

type ReferencedCaches = {
  readonly [K in "secrets" | "authorities"]: Pick<OperatorInformers["of"][K], "demand" | "isRead" | "isUnreadable">;
};

type Lookups = Pick<Translator, "lookedUp" | "dependentGateways">;

export class ReferenceReader {
  readonly #caches: ReferencedCaches;
  readonly #allowed: ReadonlySet<string> | undefined;

  /** `allowed`: the namespaces that may be read; undefined: all. */
  constructor(caches: ReferencedCaches, allowed: ReadonlySet<string> | undefined) {
    this.#caches = caches;
    this.#allowed = allowed;
  }

  /** Demands the dependencies of the last translation. Returns the Gateways, by `namespace/name`, with objects that are not read yet. */
  demand(translator: Lookups): ReadonlySet<string> {
    const waiting = new Set<string>();
    this.#demand(translator, "secret", this.#caches.secrets, waiting);
    this.#demand(translator, "configMap", this.#caches.authorities, waiting);
    return waiting;
  }

  /** Demands nothing, as on a replica that does not lead. */
  release(): void {
    this.#caches.secrets.demand(NO_SCOPES);
    this.#caches.authorities.demand(NO_SCOPES);
  }

  #demand(
    translator: Lookups,
    question: ReferencedQuestion,
    cache: Pick<ScopedInformer<never>, "demand" | "isRead" | "isUnreadable">,
    waiting: Set<string>,
  ): void {
    cache.demand(scopesFor(namespacesOf(translator.lookedUp(question)), this.#allowed));
    for (const key of translator.lookedUp(question)) {
      const namespace = namespaceOfKey(key);
      if (cache.isRead(namespace) || cache.isUnreadable(namespace)) continue;
      for (const gateway of translator.dependentGateways(question, key)) waiting.add(gateway);
    }
  }
}

const NO_SCOPES: ReadonlySet<string> = new Set();

function* namespacesOf(keys: Iterable<string>): Generator<string> {
  for (const key of keys) yield namespaceOfKey(key);
}

/** `key` is `namespace/name`. */
function namespaceOfKey(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

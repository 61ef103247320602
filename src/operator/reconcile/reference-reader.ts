/**
 * Reads Secrets and ConfigMaps only where a Gateway, ListenerSet or policy refers to them: it demands the scopes that the
 * translator has looked something up in, and tells which Gateways depend on what is not read yet. Those keep what they have:
 * an object that was not read would look like one that does not exist.
 */
import type { ReferencedQuestion, Translator } from "../../translate/translator.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import { type ScopedInformer, scopesFor } from "../informer/scoped-informer.ts";

type ReferencedCaches = {
  readonly [K in "secrets" | "authorities"]: Pick<OperatorInformers["of"][K], "demand" | "isRead">;
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

  /** Demands what the last translation needs. Returns the Gateways, by `namespace/name`, that depend on what is not read yet. */
  demand(translator: Lookups): ReadonlySet<string> {
    const waiting = new Set<string>();
    this.#demand(translator, "secret", this.#caches.secrets, waiting);
    this.#demand(translator, "configMap", this.#caches.authorities, waiting);
    return waiting;
  }

  /** Nothing is needed, as on a replica that does not lead. */
  release(): void {
    this.#caches.secrets.demand(NO_SCOPES);
    this.#caches.authorities.demand(NO_SCOPES);
  }

  #demand(
    translator: Lookups,
    question: ReferencedQuestion,
    cache: Pick<ScopedInformer<never>, "demand" | "isRead">,
    waiting: Set<string>,
  ): void {
    cache.demand(scopesFor(namespacesOf(translator.lookedUp(question)), this.#allowed));
    for (const key of translator.lookedUp(question)) {
      if (cache.isRead(namespaceOfKey(key))) continue;
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

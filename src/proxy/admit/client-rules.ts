/**
 * Which clients a listener takes, by their addresses, and which peers it believes when they name a client. Pure.
 *
 * Kept for each listener's object: a listener that changed is another object, and what is gone is forgotten.
 */
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { AcceptedProxyProtocol } from "../../model/traffic.ts";
import { CidrSet } from "../../net/cidr.ts";
import { ipFamily } from "../../net/ip-address.ts";

interface Rules {
  /** Undefined: everyone. */
  readonly allow: CidrSet | undefined;
  readonly deny: CidrSet;
}

/** What the first bytes of a peer's connection are: a header without which it is refused, one that may come, or the client's own. */
export type HeaderExpectation = "required" | "optional" | "none" | "untrusted";

export class ClientRules {
  readonly #rules = new WeakMap<ListenerResource, Rules>();
  readonly #trusted = new WeakMap<AcceptedProxyProtocol, CidrSet>();

  /** `client`: an IP address; of what is none nothing is known, and only a listener that takes everyone takes it. */
  isDenied(listener: ListenerResource, client: string): boolean {
    if (listener.client?.allow === undefined && listener.client?.deny === undefined) return false;
    const { allow, deny } = this.#rulesOf(listener);
    const family = ipFamily(client);
    if (family === 0 || deny.has(client, family)) return true;
    return allow !== undefined && !allow.has(client, family);
  }

  /** `peer`: the address that the connection itself comes from. */
  expectation(accepted: AcceptedProxyProtocol | undefined, peer: string): HeaderExpectation {
    if (accepted === undefined) return "none";
    if (this.#trustedOf(accepted).has(peer)) return accepted.mode;
    return accepted.mode === "required" ? "untrusted" : "none";
  }

  #rulesOf(listener: ListenerResource): Rules {
    const known = this.#rules.get(listener);
    if (known !== undefined) return known;
    const { allow, deny = [] } = listener.client ?? {};
    const rules = { allow: allow === undefined ? undefined : new CidrSet(allow), deny: new CidrSet(deny) };
    this.#rules.set(listener, rules);
    return rules;
  }

  #trustedOf(accepted: AcceptedProxyProtocol): CidrSet {
    const known = this.#trusted.get(accepted) ?? new CidrSet(accepted.trusted);
    this.#trusted.set(accepted, known);
    return known;
  }
}

/**
 * What a thread of the linux engine knows of external hosts: their last answers, as the main thread has told them, and whose
 * turn it is among the addresses. It asks nobody.
 */
import { addressesOf } from "../dns/external-hosts.ts";
import type { FailedHost, HostAnswer } from "../dns/resolve-host.ts";

interface KnownHost {
  answer: HostAnswer;
  turn: number;
}

export class ExternalHostTurns {
  readonly #hosts = new Map<string, KnownHost>();

  set(host: string, answer: HostAnswer): void {
    const known = this.#hosts.get(host);
    if (known === undefined) this.#hosts.set(host, { answer, turn: 0 });
    else known.answer = answer;
  }

  /** Forgets all others. */
  keep(hosts: ReadonlySet<string>): void {
    for (const host of this.#hosts.keys()) if (!hosts.has(host)) this.#hosts.delete(host);
  }

  /** Addresses in the order to try them, or why there are none; undefined: nothing is known yet. */
  lookup(host: string): readonly string[] | FailedHost | undefined {
    const known = this.#hosts.get(host);
    return known === undefined ? undefined : addressesOf(known.answer, known.turn++);
  }
}

/**
 * Computes from the proxies' reports which external hosts cannot be used. Pure.
 * A host counts as unresolved only if every proxy reports it, so that one broken or compromised Pod cannot make ResolvedRefs False.
 */
import type { ObservedDeployment, Snapshot } from "../../model/snapshot.ts";
import { count } from "../conditions.ts";
import { sameMap } from "../incremental/same.ts";
import { enumerate } from "../routes/enumerate.ts";

export interface HostProblem {
  readonly host: string;
  readonly message: string;
  /** Reports whether every proxy of the Gateway reports the problem. */
  readonly isEverywhere: boolean;
}

/** Returns the problems by Gateway; the same lists, and the same map, while the reports are the same. */
export function unresolvedHosts(
  deployments: Snapshot["deployments"],
  before: ReadonlyMap<string, readonly HostProblem[]>,
): ReadonlyMap<string, readonly HostProblem[]> {
  const now = [...deployments].map(([key, deployment]): [string, readonly HostProblem[]] => {
    const hosts = hostProblems(deployment);
    const old = before.get(key);
    return [key, old !== undefined && JSON.stringify(old) === JSON.stringify(hosts) ? old : hosts];
  });
  return sameMap(before, now) ? before : new Map(now);
}

interface ReportedHost {
  readonly message: string;
  /** One entry for each proxy that reports the host. */
  readonly pods: (string | undefined)[];
}

function hostProblems({ proxies, podsWithoutReport = 0 }: ObservedDeployment): readonly HostProblem[] {
  const serving = proxies.filter((proxy) => proxy.revision !== "");
  const all = serving.length + podsWithoutReport;
  const reported = new Map<string, ReportedHost>();
  for (const { pod, unresolvedHosts } of serving) {
    // A proxy that reports a host twice must not count as two proxies.
    for (const [host, { message }] of new Map(unresolvedHosts.map((one) => [one.host, one]))) {
      const known = reported.get(host);
      if (known === undefined) reported.set(host, { message, pods: [pod] });
      else known.pods.push(pod);
    }
  }
  return [...reported].map(([host, { message, pods }]) => {
    if (pods.length >= all) return { host, message, isEverywhere: true };
    const names = pods.filter((pod) => pod !== undefined).sort();
    const who = names.length === 0 ? "" : `Pod ${enumerate(names)}, `;
    const proxies = count(all, "proxy", "proxies");
    return { host, message: `${message} (reported by ${who}${pods.length} of ${proxies})`, isEverywhere: false };
  });
}

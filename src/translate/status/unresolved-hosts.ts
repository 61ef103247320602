/** What the proxies of each Gateway say of its external hosts. Pure. */
import type { UnresolvedHost } from "../../model/proxy-report.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { sameMap } from "../incremental/same.ts";

/** By Gateway; the same lists, and the same map, while the proxies say the same. */
export function unresolvedHosts(
  deployments: Snapshot["deployments"],
  before: ReadonlyMap<string, readonly UnresolvedHost[]>,
): ReadonlyMap<string, readonly UnresolvedHost[]> {
  const now = [...deployments].map(([key, { proxies }]): [string, readonly UnresolvedHost[]] => {
    const hosts = proxies.flatMap((proxy) => proxy.unresolvedHosts);
    const old = before.get(key);
    return [key, old !== undefined && JSON.stringify(old) === JSON.stringify(hosts) ? old : hosts];
  });
  return sameMap(before, now) ? before : new Map(now);
}

/** Creates sources of clients of one thread, with a fixed seed, for tests. */
import type { SharedSources } from "../admission.ts";
import { PRIVATE_NETWORKS } from "../client-sources.ts";
import { allocateSourceCounts } from "../source-counts.ts";

export function testSources(privateNetworks: readonly string[] = PRIVATE_NETWORKS, parts = 1): SharedSources {
  return { memory: allocateSourceCounts(parts), seed: [1, 2], privateNetworks };
}

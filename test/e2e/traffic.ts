/** Steady traffic from outside the cluster while a test does something else: starts tls-client.ts there and reads its count. */
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Cluster } from "../support/cluster.ts";
import type { ClientCount, ClientOptions } from "./tls-client.ts";

export interface Traffic {
  /** When the time is over. */
  readonly count: Promise<ClientCount>;
  /** Ends it now. */
  stop(): Promise<ClientCount>;
}

export function startTraffic(cluster: Cluster, options: ClientOptions): Traffic {
  const program = join(import.meta.dirname, "tls-client.ts");
  const child = cluster.startOutside([process.execPath, program, JSON.stringify(options)]);
  child.stdin.on("error", () => {});
  const output = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  const count = output.then(([[code], stdout, stderr]) => {
    if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as ClientCount;
  });
  // Whoever reads the count meets the failure; until then it must not end the test's process.
  count.catch(() => {});
  return {
    count,
    stop: () => {
      child.stdin.end();
      return count;
    },
  };
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

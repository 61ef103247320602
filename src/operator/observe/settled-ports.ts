/**
 * Since when each port of each Gateway has been ready behind its addresses. An EndpointSlice says what the network shall do; every
 * node's kube-proxy follows a moment later, and nobody reports when. Until then a connection may be refused, so a port that is
 * newly ready counts only after that moment. Holds no timer.
 */
import { isDeepStrictEqual } from "node:util";
import type { ObservedDeployment } from "../../model/snapshot.ts";

/** kube-proxy's `minSyncPeriod` is 1 s by default; as much again for the watch and for writing the rules. */
export const SETTLE_MS = 2_000;

export class SettledPorts {
  readonly #nowMs: () => number;
  readonly #onNew: () => void;
  /** Undefined before the first pass: what is ready then was so before us, and must not flap because we were restarted. */
  #readySinceMs: ReadonlyMap<string, number> | undefined;
  #settled: ReadonlyMap<string, ObservedDeployment> = new Map();

  /** `onNew`: a port has become ready, and will count in SETTLE_MS. */
  constructor(nowMs: () => number, onNew: () => void) {
    this.#nowMs = nowMs;
    this.#onNew = onNew;
  }

  /**
   * Leaves in each deployment the ready ports that have settled; a deployment that is as before is the same object. Give it
   * all deployments, by Gateway: others are forgotten.
   */
  settle(deployments: ReadonlyMap<string, ObservedDeployment>): ReadonlyMap<string, ObservedDeployment> {
    const nowMs = this.#nowMs();
    const since = new Map<string, number>();
    const settled = new Map<string, ObservedDeployment>();
    let isNew = false;
    for (const [gateway, deployment] of deployments) {
      // A new address is a new way, which has to be opened too.
      const addresses = deployment.addresses.map(({ value }) => value).join();
      const readyPorts = deployment.readyPorts.filter((port) => {
        const id = `${gateway} ${addresses} ${port}`;
        const known = this.#readySinceMs === undefined ? Number.NEGATIVE_INFINITY : this.#readySinceMs.get(id);
        isNew ||= known === undefined;
        since.set(id, known ?? nowMs);
        return nowMs - (known ?? nowMs) >= SETTLE_MS;
      });
      const before = this.#settled.get(gateway);
      const next = { ...deployment, readyPorts };
      settled.set(gateway, before !== undefined && isDeepStrictEqual(before, next) ? before : next);
    }
    this.#readySinceMs = since;
    this.#settled = settled;
    if (isNew) this.#onNew();
    return settled;
  }

  /** When leadership is lost: what happens meanwhile is not seen. */
  clear(): void {
    this.#readySinceMs = undefined;
  }
}

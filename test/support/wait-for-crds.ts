/** Waits until the API server serves all CRDs. */
import { waitFor } from "./wait-for.ts";

const TIMEOUT_MS = 60_000;

interface Kubectl {
  kubectl(args: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Repeats `kubectl wait`: it fails instead of waiting if a new CRD's status.conditions is still null. */
export async function waitForCrds(cluster: Kubectl): Promise<void> {
  const args = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"];
  const isEstablished = async () => {
    const { code, stderr } = await cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl wait: ${stderr}`);
    return true;
  };
  await waitFor("all CRDs are established", isEstablished, TIMEOUT_MS);
}

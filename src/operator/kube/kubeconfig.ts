/**
 * Finds and loads the kubeconfig of a command that a user runs: `--kubeconfig`, $KUBECONFIG, ~/.kube/config, or the Pod's service account.
 * The library connects to localhost:8080 if there is none; here that is a problem, which names where it was looked for.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";

export interface KubeconfigOptions {
  /** File. Undefined: the default places. */
  readonly kubeconfig?: string | undefined;
  /** Context in it. Undefined: its current context. */
  readonly context?: string | undefined;
}

export type KubeconfigResult = { readonly config: KubeConfig } | { readonly problem: string };

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const HOW_TO_FIX = "name YAML files, or a kubeconfig with --kubeconfig";

export function loadKubeconfig(
  { context, kubeconfig }: KubeconfigOptions,
  environment: NodeJS.ProcessEnv = process.env,
): KubeconfigResult {
  const variable = environment.KUBECONFIG?.split(delimiter).filter((file) => file !== "") ?? [];
  const home = join(environment.HOME ?? homedir(), ".kube/config");
  const files = kubeconfig !== undefined ? [kubeconfig] : variable.length > 0 ? variable : [home];
  // As kubectl does, files of $KUBECONFIG that do not exist are skipped.
  const present = files.filter((file) => existsSync(file));
  const config = new KubeConfig();
  const isInPod = kubeconfig === undefined && variable.length === 0 && existsSync(SERVICE_ACCOUNT_TOKEN);
  if (present.length === 0 && !isInPod) return { problem: `there is no kubeconfig ${files.join(", ")}: ${HOW_TO_FIX}` };
  try {
    if (present.length === 0) config.loadFromCluster();
    for (const [index, file] of present.entries()) loadOne(config, file, index);
  } catch (error) {
    return { problem: `the kubeconfig ${present.join(", ")} cannot be read: ${firstLine(error)}` };
  }
  return context === undefined ? { config } : useContext(config, context);
}

function loadOne(config: KubeConfig, file: string, index: number): void {
  if (index === 0) {
    config.loadFromFile(file);
    return;
  }
  const next = new KubeConfig();
  next.loadFromFile(file);
  config.mergeConfig(next, true);
}

function useContext(config: KubeConfig, context: string): KubeconfigResult {
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    return { problem: `the kubeconfig has no context "${context}"; it has ${names.join(", ") || "none"}` };
  }
  config.setCurrentContext(context);
  return { config };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

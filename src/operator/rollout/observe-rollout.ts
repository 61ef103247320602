/**
 * Reads the state of a rollout from a Deployment. "Complete" is defined as by the Deployment controller (Kubernetes, "Complete
 * Deployment"): later scaling or a lost Pod is not a rollout. Pure.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { RolloutState } from "./decide-rollouts.ts";

/** apps/v1 Deployment, limited to the fields of its rollout. */
export interface RolloutDeployment extends KubernetesObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly progressDeadlineSeconds?: number;
    readonly template?: object;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

/** The API server's default of `progressDeadlineSeconds`. */
const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;

export function getProgressDeadlineMs({ spec }: RolloutDeployment): number {
  return (spec?.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS) * 1_000;
}

/** Ignores the duration of a rollout: a Deployment whose template changes repeatedly never exceeds its deadline. */
export function observeRollout(deployment: RolloutDeployment | undefined): RolloutState {
  if (deployment === undefined) return "absent";
  const { metadata, spec, status = {} } = deployment;
  if ((status.availableReplicas ?? 0) === 0) return "unavailable";
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  const isObserved = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (!isObserved) return "rolling";
  if (progressing?.reason === "ProgressDeadlineExceeded") return "stalled";
  const wasCompleted = progressing?.reason === "NewReplicaSetAvailable";
  const isAvailable = updatedReplicas >= (spec?.replicas ?? 1) && availableReplicas >= updatedReplicas;
  return replicas <= updatedReplicas && (wasCompleted || isAvailable) ? "complete" : "rolling";
}

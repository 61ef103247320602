/**
 * Status of a BackendTLSPolicy: one entry for each Gateway of ours that reaches a target of it, as GEP-713 recommends. What can be
 * said does not depend on the Gateway, so all entries say the same.
 */
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import {
  type BackendTlsPolicy,
  GATEWAY_GROUP,
  type Gateway,
  type ParentReference,
  type PolicyTargetReference,
} from "../../gateway-api/objects.ts";
import type { PolicyAcceptedReason, PolicyResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, PolicyStatusPlan } from "../../model/plan.ts";
import { condition } from "../conditions.ts";
import type { Lookups } from "../lookups.ts";
import { policyHolding, targetService } from "../policies/precedence.ts";
import { type AssessedValidation, assessValidation } from "../policies/validation.ts";

/** Gateway API, PolicyStatus.ancestors; entries of other controllers count too. */
const MAX_ANCESTORS = 16;

/** Nothing where no Gateway of ours reaches a target and none ever did. */
export function policyStatus(
  lookups: Lookups,
  controllerName: string,
  policy: BackendTlsPolicy,
  gateways: readonly Gateway[],
): PolicyStatusPlan | undefined {
  const wasOurs = (policy.status?.ancestors ?? []).some((ancestor) => ancestor.controllerName === controllerName);
  if (gateways.length === 0 && !wasOurs) return undefined;
  const { namespace = "", name, uid, generation = 1 } = policy.metadata;
  const validation = assessValidation(lookups, namespace, policy.spec.validation);
  const conditions = [accepted(lookups, policy, validation), resolvedRefs(validation)];
  const ancestors = gateways.slice(0, MAX_ANCESTORS).map((gateway) => ({ ancestorRef: refTo(gateway), conditions }));
  return { kind: "BackendTLSPolicy", namespace, name, ...(uid !== undefined && { uid }), generation, ancestors };
}

function refTo({ metadata: { namespace = "", name } }: Gateway): ParentReference {
  return { group: GATEWAY_GROUP, kind: "Gateway", namespace, name };
}

function accepted(lookups: Lookups, policy: BackendTlsPolicy, { problem }: AssessedValidation): DesiredCondition {
  const make = condition<PolicyAcceptedReason>;
  const judged = policy.spec.targetRefs.map((ref, i) => judgeTarget(lookups, policy, ref, `targetRefs[${i}]`));
  const refused = judged.flatMap((target) => ("reason" in target ? [target] : []));
  const [first] = refused;
  if (first !== undefined && refused.length === judged.length) {
    return make("Accepted", false, first.reason, refused.map(({ message }) => message).join("; "));
  }
  if (problem !== undefined) return make("Accepted", false, problem.reason, problem.message);
  const notes = judged.flatMap(({ message }) => (message === undefined ? [] : [message]));
  const effect = "It applies to connections that a listener with tls.mode Terminate has decrypted";
  const options = Object.keys(policy.spec.options ?? {}).length > 0 ? ["spec.options is not used"] : [];
  return make("Accepted", true, "Accepted", [effect, ...notes, ...options].join("; "));
}

/** A target where the policy counts, perhaps with a restriction, or why it does not. */
type JudgedTarget =
  | { readonly message?: string }
  | {
      readonly reason: Extract<PolicyAcceptedReason, "Conflicted" | "Invalid" | "TargetNotFound">;
      readonly message: string;
    };

function judgeTarget(
  lookups: Lookups,
  policy: BackendTlsPolicy,
  ref: PolicyTargetReference,
  field: string,
): JudgedTarget {
  const key = targetService(policy, ref);
  if (key === undefined) {
    const message = `${field}: kind ${formatGroupKind(ref.group ?? "", ref.kind)} is not supported; target a Service`;
    return { reason: "TargetNotFound", message };
  }
  const service = lookups.service(key);
  if (service === undefined) return { reason: "TargetNotFound", message: `${field}: there is no Service ${key}` };
  const { sectionName } = ref;
  const { ports: all = [] } = service.spec;
  const ports = all.filter(({ name }) => sectionName === undefined || name === sectionName);
  if (ports.length === 0) {
    return { reason: "TargetNotFound", message: `${field}: Service ${ref.name} has no port named ${sectionName}` };
  }
  const others = ports
    .filter(({ protocol = "TCP" }) => protocol !== "TCP")
    .map(({ port, protocol }) => `${port} (${protocol})`);
  if (others.length === ports.length) {
    return { reason: "Invalid", message: `${field}: port ${others.join(", ")} is not TCP, and TLS needs TCP` };
  }
  const holder = policyHolding(lookups, key, sectionName);
  if (holder !== policy) {
    const isTwin = holder?.metadata.creationTimestamp === policy.metadata.creationTimestamp;
    const why = isTwin ? "which is of the same age and comes first by name" : "which is older";
    return { reason: "Conflicted", message: `${field} belongs to BackendTLSPolicy ${holder?.metadata.name}, ${why}` };
  }
  return others.length === 0 ? {} : { message: `${field}: it does not apply to port ${others.join(", ")}` };
}

function resolvedRefs({ resolvedRefs: { reason, message } }: AssessedValidation): DesiredCondition {
  return condition<PolicyResolvedRefsReason>("ResolvedRefs", reason === "ResolvedRefs", reason, message);
}

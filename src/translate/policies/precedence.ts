/**
 * Which of several BackendTLSPolicies counts for a Service port: one that names the port before those for the whole Service;
 * of several for the same, the oldest, then the first by name (GEP-713, "Conflict Resolution"). Whether it is valid plays no part:
 * an invalid one must not open the way to another, or to none.
 */
import type { BackendTlsPolicy, PolicyTargetReference, ServicePort } from "../../gateway-api/objects.ts";
import type { Lookups } from "../lookups.ts";

/** `service`: `namespace/name`. */
export function policyInEffect(lookups: Lookups, service: string, { name }: ServicePort): BackendTlsPolicy | undefined {
  const forPort = name === undefined ? undefined : policyHolding(lookups, service, name);
  return forPort ?? policyHolding(lookups, service, undefined);
}

/** The one of all policies with the same target that takes precedence; without `sectionName`, of those for the whole Service. */
export function policyHolding(
  lookups: Lookups,
  service: string,
  sectionName: string | undefined,
): BackendTlsPolicy | undefined {
  let holder: BackendTlsPolicy | undefined;
  for (const policy of lookups.policiesOf(service)) {
    const isRival = policy.spec.targetRefs.some(
      (ref) => ref.sectionName === sectionName && targetService(policy, ref) === service,
    );
    if (isRival && (holder === undefined || rank(policy) < rank(holder))) holder = policy;
  }
  return holder;
}

/** `namespace/name` of the Service that a target names; nothing when it names something else. */
export function targetService(
  policy: BackendTlsPolicy,
  { group = "", kind, name }: PolicyTargetReference,
): string | undefined {
  return group === "" && kind === "Service" ? `${policy.metadata.namespace}/${name}` : undefined;
}

/** Policies of a Service are of one namespace. A time never holds a space, so that names count among equal times only. */
function rank({ metadata }: BackendTlsPolicy): string {
  return `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
}

/**
 * Stand-ins for Gateways with errors of their own, so that the backends of routes that name them are checked too. Pure. Whether such
 * a route attaches is not known: findings about it are omitted.
 */
import { GATEWAY_GROUP, type ParentReference } from "../gateway-api/objects.ts";
import { GATEWAY_CLASS_NAME } from "../model/identity.ts";
import type { StatusPlan } from "../model/plan.ts";
import type { AnyManifest } from "../standalone/manifests/parse.ts";

/** Returns Gateways without listeners. `names`: objects with errors, as `Kind namespace/name`. */
export function buildStandIns(names: readonly string[]): readonly AnyManifest[] {
  return names.flatMap((text) => {
    const { namespace, name } = /^Gateway (?<namespace>[^/]+)\/(?<name>.+)$/.exec(text)?.groups ?? {};
    if (namespace === undefined || name === undefined) return [];
    const object = {
      apiVersion: `${GATEWAY_GROUP}/v1`,
      kind: "Gateway",
      metadata: { namespace, name, generation: 1 },
      spec: { gatewayClassName: GATEWAY_CLASS_NAME, listeners: [] },
    };
    return [{ kind: "Gateway", object, file: "", lineOf: () => 1 } as unknown as AnyManifest];
  });
}

/** Returns the status without the Accepted conditions of parents that have errors of their own. */
export function withoutParents(status: StatusPlan, names: ReadonlySet<string>): StatusPlan {
  if (!("parents" in status)) return status;
  const isBroken = ({ kind = "Gateway", namespace = status.namespace, name }: ParentReference) =>
    names.has(`${kind} ${namespace}/${name}`);
  const parents = status.parents.map((parent) =>
    isBroken(parent.parentRef)
      ? { ...parent, conditions: parent.conditions.filter(({ type }) => type !== "Accepted") }
      : parent,
  );
  return { ...status, parents };
}

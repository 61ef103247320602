/**
 * From a backendRef to a backend of the proxy, or to the reason why it cannot be used. An undotted name is a Service; a
 * dotted one cannot be (Service names hold no dots), so it is a host outside the cluster, as FSM Gateway has it. Whether a
 * reference is permitted is looked at before anything is looked up, so that nobody learns what another namespace holds.
 */

import { isAddress } from "../../admission/dns-name.ts";
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import { type BackendRef, GATEWAY_GROUP, GATEWAY_X_GROUP } from "../../gateway-api/objects.ts";
import { isPermitted } from "../grants.ts";
import type { Lookups } from "../lookups.ts";
import type { ForwardingRoute } from "../routes/route.ts";
import { externalHost } from "./external-host.ts";
import { type Refuse, type ResolvedBackend, refuser } from "./resolved.ts";
import { serviceBackend } from "./service.ts";
import { xBackend } from "./x-backend.ts";

/** `field` is the place in the route, for messages: `rules[0].backendRefs[1]`. */
export function resolveBackend(
  lookups: Lookups,
  route: ForwardingRoute,
  ref: BackendRef,
  field: string,
): ResolvedBackend {
  const { namespace: own = "" } = route.metadata;
  const { group = "", kind = "Service", namespace = own, name, port } = ref;
  const refuse = refuser(() => `${kind}/${namespace}/${name}:${port ?? ""}`, field);
  const isService = group === "" && kind === "Service";
  if (!isService && (group !== GATEWAY_X_GROUP || kind !== "XBackend")) return refuseKind(group, kind, refuse);
  const from = { group: GATEWAY_GROUP, kind: route.kind, namespace: own };
  if (!isPermitted(lookups, { from, to: { group, kind, namespace, name } })) {
    const message = `${kind} ${name} is in namespace ${namespace}, where no ReferenceGrant permits ${route.kind}s of ${own}`;
    return refuse("RefNotPermitted", message);
  }
  if (!isService) return findXBackend(lookups, namespace, name, port, refuse);
  if (port === undefined) return refuse("BackendNotFound", "port is missing");
  if (name.includes(".") || isAddress(name)) {
    return externalHost(lookups, name, port, (host) => `external/${host}:${port}`, refuse);
  }
  const service = lookups.service(`${namespace}/${name}`);
  if (service !== undefined) return serviceBackend(lookups, service, port, refuse);
  return refuse("BackendNotFound", `there is no Service ${name} in namespace ${namespace}`);
}

function refuseKind(group: string, kind: string, refuse: Refuse): ResolvedBackend {
  const what = `kind ${formatGroupKind(group, kind)} is not supported`;
  // The API names it as an extended kind, so people try it.
  const why = kind === "ServiceImport" ? ": Services of other clusters are not looked up" : "";
  return refuse("InvalidKind", `${what}${why}; use a Service or an XBackend`);
}

function findXBackend(
  lookups: Lookups,
  namespace: string,
  name: string,
  port: number | undefined,
  refuse: Refuse,
): ResolvedBackend {
  // Without its CRD the kind is an unknown one (Gateway API, RouteReasonInvalidKind); once it is installed, objects may come.
  if (lookups.isAbsent("XBackend")) {
    const mend = "install Gateway API's experimental channel, or name the host in a Service reference";
    return refuse("InvalidKind", `the cluster does not serve XBackend: ${mend}`);
  }
  const object = lookups.xBackend(`${namespace}/${name}`);
  if (object !== undefined) return xBackend(lookups, object, port, refuse);
  return refuse("BackendNotFound", `there is no XBackend ${name} in namespace ${namespace}`);
}

/**
 * From a backendRef to a backend of the proxy, or to the reason why it cannot be used. An undotted name is a Service; a
 * dotted one cannot be (Service names hold no dots), so it is a host outside the cluster, as FSM Gateway has it.
 */
import { clusterName } from "../../gateway-api/cluster-name.ts";
import {
  type BackendRef,
  GATEWAY_GROUP,
  type Service,
  type TcpRoute,
  type TlsRoute,
} from "../../gateway-api/objects.ts";
import type { RouteResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type {
  AuthoritiesResource,
  BackendResource,
  CertificateResource,
  EndpointsResource,
} from "../../model/proxy-config.ts";
import { isPermitted } from "../grants.ts";
import type { Lookups } from "../lookups.ts";
import { endpointsOf } from "./endpoints.ts";

export interface ResolvedBackend {
  readonly backend: BackendResource;
  /** The resources that `backend` names. */
  readonly needs: readonly (EndpointsResource | CertificateResource | AuthoritiesResource)[];
  /** Present when the reference cannot be used. */
  readonly problem?: { readonly reason: Exclude<RouteResolvedRefsReason, "ResolvedRefs">; readonly message: string };
  /** Present when it can be used but will refuse connections for now. */
  readonly note?: string;
}

/** `field` is the place in the route, for messages: `rules[0].backendRefs[1]`. */
export function resolveBackend(
  lookups: Lookups,
  route: TlsRoute | TcpRoute,
  ref: BackendRef,
  field: string,
): ResolvedBackend {
  const namespace = ref.namespace ?? route.metadata.namespace ?? "";
  const kind = ref.kind ?? "Service";
  const group = ref.group ?? "";
  const name = `${namespace}/${ref.name}:${ref.port ?? ""}`;
  const invalid = (reason: Exclude<RouteResolvedRefsReason, "ResolvedRefs">, message: string): ResolvedBackend => ({
    backend: { kind: "backend", name: `invalid/${reason}/${name}`, target: { type: "invalid", reason } },
    needs: [],
    problem: { reason, message: `${field}: ${message}` },
  });
  if (group !== "" || kind !== "Service") {
    return invalid("InvalidKind", `kind ${group || "core"}/${kind} is not supported; use a Service`);
  }
  const to = { group, kind, namespace, name: ref.name };
  const from = { group: GATEWAY_GROUP, kind: route.kind, namespace: route.metadata.namespace ?? "" };
  if (!isPermitted(lookups, { from, to })) {
    const message = `Service ${ref.name} is in namespace ${namespace}, where no ReferenceGrant permits ${route.kind}s of ${from.namespace}`;
    return invalid("RefNotPermitted", message);
  }
  if (ref.port === undefined) return invalid("BackendNotFound", "port is missing");
  if (ref.name.includes(".")) return externalHost(ref.name, ref.port, invalid);
  const service = lookups.service(`${namespace}/${ref.name}`);
  if (service === undefined) {
    return invalid("BackendNotFound", `there is no Service ${ref.name} in namespace ${namespace}`);
  }
  return serviceBackend(lookups, service, ref.port, name, invalid);
}

type Invalid = (reason: Exclude<RouteResolvedRefsReason, "ResolvedRefs">, message: string) => ResolvedBackend;

function externalHost(name: string, port: number, invalid: Invalid): ResolvedBackend {
  const host = name.toLowerCase();
  if (clusterName(host) !== undefined) {
    return invalid(
      "RefNotPermitted",
      `${host} is a name of cluster DNS: give the Service's name and namespace instead`,
    );
  }
  return {
    backend: { kind: "backend", name: `external/${host}:${port}`, target: { type: "external", host, port } },
    needs: [],
  };
}

function serviceBackend(
  lookups: Lookups,
  service: Service,
  port: number,
  name: string,
  invalid: Invalid,
): ResolvedBackend {
  const { namespace, name: serviceName } = service.metadata;
  if (service.spec.type === "ExternalName") {
    const host = service.spec.externalName;
    return invalid("BackendNotFound", `Service ${serviceName} is an ExternalName: name the host itself, ${host}`);
  }
  const servicePort = (service.spec.ports ?? []).find((candidate) => candidate.port === port);
  if (servicePort === undefined) {
    const ports = (service.spec.ports ?? []).map((candidate) => candidate.port).join(", ") || "none";
    return invalid("BackendNotFound", `Service ${serviceName} has no port ${port}; it has ${ports}`);
  }
  if ((servicePort.protocol ?? "TCP") !== "TCP") {
    const message = `port ${port} of Service ${serviceName} is ${servicePort.protocol}; a TLSRoute needs TCP`;
    return invalid("UnsupportedProtocol", message);
  }
  const slices = lookups.endpointSlices(`${namespace}/${serviceName}`);
  const endpoints = { kind: "endpoints", name, endpoints: endpointsOf(slices, servicePort) } as const;
  const backend = { kind: "backend", name: `service/${name}`, target: { type: "endpoints", endpoints: name } } as const;
  if (endpoints.endpoints.length > 0) return { backend, needs: [endpoints] };
  const note = `Service ${serviceName} has no ready endpoint on port ${port}: connections to it are refused until a Pod is Ready`;
  return { backend, needs: [endpoints], note };
}

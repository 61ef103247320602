/** What a backendRef comes to: a backend of the proxy, or the reason why it cannot be used. */
import type { RouteResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { ExternalHostsResource } from "../../model/external-hosts.ts";
import type {
  AuthoritiesResource,
  BackendResource,
  CertificateResource,
  EndpointsResource,
} from "../../model/proxy-config.ts";

export interface ResolvedBackend {
  readonly backend: BackendResource;
  /** The resources that `backend` names. */
  readonly needs: readonly (EndpointsResource | CertificateResource | AuthoritiesResource | ExternalHostsResource)[];
  /** The Service it led to, as `namespace/name`: the policies that target it apply. */
  readonly service?: string;
  /** Present when the reference cannot be used. */
  readonly problem?: BackendProblem;
  /** Present when it can be used but will refuse connections for now. */
  readonly note?: string;
}

interface BackendProblem {
  readonly reason: Exclude<RouteResolvedRefsReason, "ResolvedRefs" | "BackendLoop">;
  readonly message: string;
}

/** Makes the backend that refuses the share of a reference which cannot be used, so that weights stay true. */
export type Refuse = (reason: BackendProblem["reason"], message: string) => ResolvedBackend;

/** `name` tells the reference from others, and is asked for only when it is refused; `field` is its place in the route. */
export function refuser(name: () => string, field: string): Refuse {
  return (reason, message) => ({
    backend: { kind: "backend", name: `invalid/${reason}/${name()}`, target: { type: "invalid", reason } },
    needs: [],
    problem: { reason, message: `${field}: ${message}` },
  });
}

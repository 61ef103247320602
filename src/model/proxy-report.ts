/**
 * What a proxy says of itself: the acknowledgement that travels back on the stream and from which `Programmed` and
 * `ResolvedRefs` are derived. Plain data.
 */
import type { ResourceKey } from "./proxy-config.ts";

export interface ProxyReport {
  /** Revision of the configuration that serves now; empty before the first complete one. */
  readonly revision: string;
  readonly listeners: readonly ListenerReport[];
  /** Every external host of the configuration that cannot be used at present; resolved ones are not listed. */
  readonly unresolvedHosts: readonly UnresolvedHost[];
  /** Present while the newest configuration was refused; the one in `revision` keeps serving. */
  readonly refusal?: ConfigRefusal;
}

export type ListenerReport = {
  /** Key of the ListenerResource. */
  readonly key: ResourceKey;
  /** Version of the ListenerResource this speaks of. */
  readonly version: string;
} & (
  | { readonly state: "bound" }
  | { readonly state: "failed"; readonly reason: BindFailure; readonly message: string }
);

export type BindFailure = "port_in_use" | "port_not_permitted" | "bind_failed";

export interface UnresolvedHost {
  readonly host: string;
  readonly reason: HostFailure;
  /** For the route's status, behind the field that names the host. */
  readonly message: string;
}

export type HostFailure = "name_not_found" | "no_address" | "dns_timeout" | "dns_failed" | "address_forbidden";

export interface ConfigRefusal {
  readonly revision: string;
  readonly reason: RefusalReason;
  readonly message: string;
}

export type RefusalReason =
  | "unknown_listener"
  | "unknown_backend"
  | "unknown_endpoints"
  | "unknown_certificate"
  | "unknown_authorities"
  | "duplicate_hostname"
  | "duplicate_listener"
  | "port_conflict"
  | "invalid_resource"
  | "revision_mismatch";

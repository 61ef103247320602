/**
 * Reconciles Gateway and TLSRoute: says that something changed, and nothing more. The operator decides from its own informers
 * what the change means, so no event that Pepr loses, repeats or reorders can do harm.
 */
import { Capability } from "pepr";
import { GatewayV1, TlsRouteV1, TlsRouteV1Alpha2, TlsRouteV1Alpha3 } from "./kinds.ts";

/** A kind at a version that the cluster may serve. */
export type ServedKind = "Gateway/v1" | "TLSRoute/v1" | "TLSRoute/v1alpha3" | "TLSRoute/v1alpha2";

export interface GatewayCapabilityOptions {
  /** Only these are watched: Pepr asks forever for a kind whose CRD is missing. */
  readonly served: ReadonlySet<ServedKind>;
  /** `kind` and `namespace/name` of what changed; for the log, not for a decision. */
  readonly changed: (kind: string, name: string) => void;
}

export function gatewayCapability({ served, changed }: GatewayCapabilityOptions): Capability {
  const capability = new Capability({ name: "gateway", description: "Runs a proxy for each Gateway of our class" });
  const { When } = capability;
  const tell = (object: Changed) => {
    changed(object.kind ?? "", `${object.metadata?.namespace}/${object.metadata?.name}`);
    shrink(object);
  };

  if (served.has("Gateway/v1")) When(GatewayV1).IsCreatedOrUpdated().Reconcile(tell);
  const TlsRoute = tlsRouteServed(served);
  if (TlsRoute !== undefined) When(TlsRoute).IsCreatedOrUpdated().Reconcile(tell);
  // Pepr watches once for each binding: another one for deletions would list, parse and keep every object a second time.
  for (const binding of capability.bindings) binding.event = EVERY_EVENT;
  return capability;
}

/** Pepr's word for it, for which its `When` has no method. */
const EVERY_EVENT = "*" as Capability["bindings"][number]["event"];

/** As Pepr hands it out. */
interface Changed {
  readonly kind?: string;
  metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string };
  spec?: unknown;
  status?: unknown;
}

/**
 * What is handed out is what Pepr's watch keeps, for as long as the object exists, to tell by uid and resourceVersion what a list
 * has brought. The rest is never read again.
 */
function shrink(object: Changed): void {
  const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
  Object.assign(object, { metadata: { name, namespace, uid, resourceVersion }, spec: undefined, status: undefined });
}

/** All versions show the same objects: one watch is enough, at the most stable of them. */
function tlsRouteServed(served: ReadonlySet<ServedKind>) {
  if (served.has("TLSRoute/v1")) return TlsRouteV1;
  if (served.has("TLSRoute/v1alpha3")) return TlsRouteV1Alpha3;
  return served.has("TLSRoute/v1alpha2") ? TlsRouteV1Alpha2 : undefined;
}

/**
 * Reconciles Gateway: says that one changed, and nothing more. The operator decides from its own informers what the change means, so
 * no event that Pepr loses, repeats or reorders can do harm. Routes are not watched by Pepr: its watches keep every object
 * whole, and a cluster has thousands (docs/decisions/011).
 */
import { Capability } from "pepr";
import { GatewayV1 } from "./kinds.ts";

export interface GatewayCapabilityOptions {
  /** Pepr asks for ever for a kind whose CRD is missing: then it must not be watched. */
  readonly isServed: boolean;
  /** `kind` and `namespace/name` of what changed; for the log, not for a decision. */
  readonly changed: (kind: string, name: string) => void;
}

export function gatewayCapability({ isServed, changed }: GatewayCapabilityOptions): Capability {
  const capability = new Capability({ name: "gateway", description: "Runs a proxy for each Gateway of our class" });
  const { When } = capability;
  if (isServed)
    When(GatewayV1)
      .IsCreatedOrUpdated()
      .Reconcile(({ kind, metadata }) => changed(kind ?? "", `${metadata?.namespace}/${metadata?.name}`));
  return capability;
}

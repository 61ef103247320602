/**
 * The addresses that a Gateway asks for (`spec.addresses`). It is reached by one LoadBalancer Service, which has one address of
 * its own: one IP address can be asked for.
 */
import type { Gateway, GatewayAddress } from "../../gateway-api/objects.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { canonicalIpAddress } from "../../net/ip-address.ts";

/** The address for the Service to ask for: the first usable one, so that a second one too many moves nothing. */
export function requestedAddress(gateway: Gateway): string | undefined {
  return valuesOf(gateway).flatMap((value) => canonicalIpAddress(value) ?? [])[0];
}

/** Why the Gateway cannot be accepted: an address of a type that there is not. */
export function unsupportedAddress({ spec }: Gateway): string | undefined {
  const index = (spec.addresses ?? []).findIndex((address) => typeOf(address) !== "IPAddress");
  const address = spec.addresses?.[index];
  if (address === undefined) return undefined;
  const { value } = address;
  return `spec.addresses[${index}]${value ? ` (${value})` : ""} is of type ${typeOf(address)}, which is not supported: use type IPAddress, or leave it out and an address is assigned`;
}

/** Why clients cannot reach the Gateway under the address it asks for; nothing while they can, or any address will do. */
export function unusableAddress(gateway: Gateway, assigned: ObservedDeployment["addresses"]): string | undefined {
  const values = valuesOf(gateway);
  if (values.length > 1) {
    return `spec.addresses asks for ${values.join(" and ")}, but a Gateway has one address: keep one`;
  }
  const [value] = values;
  if (value === undefined) return undefined;
  const wanted = canonicalIpAddress(value);
  if (wanted === undefined) return `spec.addresses[0]: ${value} is not an IP address. Correct it or remove it`;
  if (assigned.some((address) => canonicalIpAddress(address.value) === wanted)) return undefined;
  const instead = assigned.map((address) => address.value).join(", ");
  return `Address ${value} is not assigned to the Gateway's Service${instead && `, which has ${instead}`}: is it free, and may the cluster's load balancer give it?`;
}

/** Those asked for by value: an entry without one is content with any. */
function valuesOf({ spec }: Gateway): readonly string[] {
  const asked = (spec.addresses ?? []).filter((address) => typeOf(address) === "IPAddress");
  return [...new Set(asked.flatMap(({ value }) => value || []))];
}

function typeOf({ type = "IPAddress" }: GatewayAddress): string {
  return type;
}

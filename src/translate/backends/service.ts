/**
 * A Service port as a backend: its endpoints, whatever the Service's type (a headless one's are no different), and how its
 * BackendTLSPolicy has the proxies encrypt. `appProtocol` is not looked at: bytes are passed on as they come.
 */
import { objectKey, type Service, type ServicePort } from "../../gateway-api/objects.ts";
import type { Lookups } from "../lookups.ts";
import { policyInEffect } from "../policies/precedence.ts";
import { assessValidation } from "../policies/validation.ts";
import { findEndpoints } from "./endpoints.ts";
import { explainMissingEndpoints } from "./missing-endpoints.ts";
import type { Refuse, ResolvedBackend } from "./resolved.ts";

export function serviceBackend(lookups: Lookups, service: Service, port: number, refuse: Refuse): ResolvedBackend {
  const { name } = service.metadata;
  if (service.spec.type === "ExternalName") return refuseExternalName(service, refuse);
  const { ports: all = [] } = service.spec;
  const numbered = all.filter((candidate) => candidate.port === port);
  if (numbered.length === 0) {
    const ports = all.map((candidate) => candidate.port).join(", ") || "none";
    return refuse("BackendNotFound", `Service ${name} has no port ${port}; it has ${ports}`);
  }
  // A Service may have the same number for TCP and for UDP, as DNS servers do.
  const servicePort = numbered.find(({ protocol = "TCP" }) => protocol === "TCP");
  if (servicePort === undefined) {
    const protocols = numbered.map(({ protocol }) => protocol).join(" and ");
    return refuse("UnsupportedProtocol", `port ${port} of Service ${name} is ${protocols}; only TCP is passed on`);
  }
  return portBackend(lookups, service, servicePort);
}

/**
 * Its name would be resolved with the gateway's rights: whoever may write a Service could reach what they may not, such as the
 * gateway's loopback or a Service that no ReferenceGrant opens (CVE-2021-25740, GEP-1742). A host outside has to be named where
 * it is guarded: in the route or in an XBackend.
 */
function refuseExternalName({ metadata, spec }: Service, refuse: Refuse): ResolvedBackend {
  const mend = `name the host itself, ${spec.externalName}, or an XBackend for it`;
  return refuse("BackendNotFound", `Service ${metadata.name} is an ExternalName, which is not followed: ${mend}`);
}

function portBackend(lookups: Lookups, service: Service, servicePort: ServicePort): ResolvedBackend {
  const key = objectKey(service);
  const { namespace = "", name } = service.metadata;
  const { port } = servicePort;
  const slices = lookups.endpointSlices(key);
  const found = findEndpoints(slices, servicePort);
  const endpoints = { kind: "endpoints", name: `${key}:${port}`, endpoints: found.endpoints } as const;
  const policy = policyInEffect(lookups, key, servicePort);
  const encryption = policy && assessValidation(lookups, namespace, policy.spec.validation);
  const notes: string[] = [];
  const [invalid] = found.invalidAddresses;
  if (invalid !== undefined) {
    const what = `An EndpointSlice of Service ${name} has ${JSON.stringify(invalid)}, which is not an IP address, and is not used`;
    notes.push(`${what}. Write addresses without leading zeros or zones`);
  }
  if (endpoints.endpoints.length === 0) {
    notes.push(explainMissingEndpoints(service, servicePort, slices));
  }
  if (encryption?.problem !== undefined) {
    const what = `Connections that a listener has decrypted are not sent to Service ${name}`;
    notes.push(`${what}: its BackendTLSPolicy ${policy?.metadata.name} cannot be followed`);
  }
  return {
    backend: {
      kind: "backend",
      // A port has one policy, so that equal names mean equal encryption.
      name: `service/${endpoints.name}`,
      target: { type: "endpoints", endpoints: endpoints.name },
      ...(encryption !== undefined && { tls: encryption.tls }),
    },
    needs: [endpoints, ...(encryption?.needs ?? [])],
    service: key,
    ...(notes.length > 0 && { note: notes.join("; ") }),
  };
}

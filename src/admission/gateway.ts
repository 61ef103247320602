/**
 * Rules for Gateways of our class. Gateway API wants nearly every Gateway admitted and told its faults in conditions (unknown
 * protocols, bad certificates, conflicts): refused is only what no change elsewhere could ever mend.
 */
import type { Gateway, Listener } from "../gateway-api/objects.ts";
import { PROXY_ADMIN_PORT } from "../model/identity.ts";
import { hostnameProblem } from "./hostname.ts";
import { type AdmissionContext, gatewayOwner } from "./ownership.ts";
import { ADMITTED, type Problem, type Verdict } from "./verdict.ts";

/** Judges a Gateway whose GatewayClass is ours; admits every other, one of an unknown class too. */
export function validateGateway(gateway: Gateway, context: AdmissionContext): Verdict {
  if (gatewayOwner(gateway, context) !== "ours") return ADMITTED;
  const listeners = gateway.spec.listeners ?? [];
  return {
    problems: listeners.flatMap((listener, index) => listenerProblems(listener, `spec.listeners[${index}]`)),
    warnings: listeners.flatMap((listener, index) => listenerWarnings(listener, `spec.listeners[${index}]`)),
  };
}

function listenerProblems({ hostname, port }: Listener, field: string): Problem[] {
  const problems: Problem[] = [];
  const message = hostname === undefined || hostname === "" ? undefined : hostnameProblem(hostname);
  if (message !== undefined) problems.push({ field: `${field}.hostname`, message: `${hostname} ${message}` });
  if (port === PROXY_ADMIN_PORT) {
    problems.push({
      field: `${field}.port`,
      message: `${port} is reserved for the proxies' own health checks and metrics; take another port`,
    });
  }
  return problems;
}

function listenerWarnings({ protocol, tls }: Listener, field: string): Problem[] {
  if (protocol !== "TLS" || tls?.mode !== "Passthrough" || (tls.certificateRefs ?? []).length === 0) return [];
  return [
    {
      field: `${field}.tls.certificateRefs`,
      message: "is never used with mode Passthrough, where the backend holds the certificate; leave it out",
    },
  ];
}

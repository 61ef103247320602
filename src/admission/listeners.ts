/**
 * Rules for listeners, in a Gateway as in a ListenerSet. Gateway API wants nearly all of them admitted and told their faults in
 * conditions (unknown protocols, bad certificates, conflicts): refused is only what no change elsewhere could ever mend.
 */
import type { Listener } from "../gateway-api/objects.ts";
import { PROXY_ADMIN_PORT } from "../model/identity.ts";
import { hostnameProblem } from "./hostname.ts";
import type { Problem, Verdict } from "./verdict.ts";

export function listenersVerdict(listeners: readonly Listener[]): Verdict {
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

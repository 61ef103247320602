/** Rules for TLSRoutes: those of every route, and hostnames that a client could send. */
import type { TlsRoute } from "../gateway-api/objects.ts";
import { hostnameProblem } from "./hostname.ts";
import { type AdmissionContext, isForeignRoute } from "./ownership.ts";
import { parentProblems, ruleProblems } from "./route-parts.ts";
import { ADMITTED, type Problem, type Verdict } from "./verdict.ts";

/** Judges a TLSRoute that may attach to a Gateway of ours; admits every other. */
export function validateTlsRoute(route: TlsRoute, context: AdmissionContext): Verdict {
  if (isForeignRoute(route, context)) return ADMITTED;
  return {
    problems: [...parentProblems(route), ...hostnameProblems(route), ...ruleProblems(route)],
    warnings: [],
  };
}

function hostnameProblems({ spec }: TlsRoute): Problem[] {
  return (spec.hostnames ?? []).flatMap((hostname, index) => {
    const message = hostnameProblem(hostname);
    return message === undefined ? [] : [{ field: `spec.hostnames[${index}]`, message: `${hostname} ${message}` }];
  });
}

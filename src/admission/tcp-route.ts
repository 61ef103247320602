/** Rules for TCPRoutes: those of every route. */
import type { TcpRoute } from "../gateway-api/objects.ts";
import { type AdmissionContext, isForeignRoute } from "./ownership.ts";
import { parentProblems, ruleProblems } from "./route-parts.ts";
import { ADMITTED, type Verdict } from "./verdict.ts";

/** Judges a TCPRoute that may attach to a Gateway of ours; admits every other. */
export function validateTcpRoute(route: TcpRoute, context: AdmissionContext): Verdict {
  if (isForeignRoute(route, context)) return ADMITTED;
  return { problems: [...parentProblems(route), ...ruleProblems(route)], warnings: [] };
}

/**
 * Rules for what every route of ours has: parents, and rules with backends. Of every version alike: a v1alpha2 object is checked
 * by no CEL rule of its CRD, so these stand alone. Refused is only what could never work; a backend, kind or listener that
 * does not exist may come, and gets a condition.
 */
import type { BackendRef, TcpRoute, TlsRoute } from "../gateway-api/objects.ts";
import { backendNameProblem } from "./backend-name.ts";
import { isParentRef } from "./ownership.ts";
import type { Problem } from "./verdict.ts";

/** Gateway API, BackendRef.weight. */
const MAX_WEIGHT = 1_000_000;
const MAX_PORT = 65_535;

type Route = TlsRoute | TcpRoute;

export function parentProblems({ spec }: Route): Problem[] {
  return (spec.parentRefs ?? []).flatMap((parentRef, index) =>
    isParentRef(parentRef) && !parentRef.name
      ? [
          {
            field: `spec.parentRefs[${index}].name`,
            message: `is missing; give the name of a ${parentRef.kind ?? "Gateway"}`,
          },
        ]
      : [],
  );
}

export function ruleProblems({ spec }: Route): Problem[] {
  const rules = spec.rules ?? [];
  if (rules.length === 0) return [{ field: "spec.rules", message: "is empty; add a rule with backendRefs" }];
  return rules.flatMap(({ backendRefs = [] }, index) => {
    const field = `spec.rules[${index}].backendRefs`;
    if (backendRefs.length === 0) {
      return [{ field, message: "is empty: connections would have nowhere to go; add a backend with name and port" }];
    }
    return backendRefs.flatMap((ref, place) => backendProblems(ref, `${field}[${place}]`));
  });
}

function backendProblems(ref: BackendRef, field: string): Problem[] {
  const problems: Problem[] = [];
  const { weight, port } = ref;
  if (weight !== undefined && !isIntegerWithin(weight, 0, MAX_WEIGHT)) {
    problems.push({
      field: `${field}.weight`,
      message: `is ${weight}; a weight is an integer from 0 to ${MAX_WEIGHT}`,
    });
  }
  if (port !== undefined && !isIntegerWithin(port, 1, MAX_PORT)) {
    problems.push({ field: `${field}.port`, message: `is ${port}; a port is an integer from 1 to ${MAX_PORT}` });
  }
  if (!isServiceRef(ref)) return problems;
  const nameProblem = backendNameProblem(ref.name ?? "");
  if (nameProblem !== undefined) {
    problems.push({ field: `${field}.name`, message: ref.name ? `"${ref.name}" ${nameProblem}` : nameProblem });
  }
  if (port === undefined) {
    problems.push({
      field: `${field}.port`,
      message: "is missing; a Service or host needs one, for example port: 443",
    });
  }
  return problems;
}

/** Other kinds have names of their own making, and a condition when we do not know them. */
function isServiceRef({ group, kind }: BackendRef): boolean {
  return (group ?? "") === "" && (kind ?? "Service") === "Service";
}

function isIntegerWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** What must be there before an operator is Ready, each with what is missing. Looks at parts and changes nothing. */
import type { ReadinessCheck } from "../admin/admin-server.ts";
import type { OperatorInformers } from "./informer/operator-informers.ts";
import type { Admission } from "./pepr/start.ts";

export interface ReadinessParts {
  readonly informers: Pick<OperatorInformers, "notSynced">;
  readonly certificates?: unknown;
  readonly admission?: Pick<Admission, "isReady" | "problem">;
  readonly isEnding: boolean;
}

/**
 * Ordered by dependency. Leadership is not a check, because followers serve admission. Readiness does not depend on admission:
 * otherwise a failure of Pepr's store would disconnect the configuration stream. Admission's Service selects by a label
 * (pepr/pod-label.ts).
 */
export function readinessChecks({ informers, certificates, admission, isEnding }: ReadinessParts) {
  const checks: readonly ReadinessCheck[] = [
    { name: "lifecycle", missing: isEnding ? "ending" : undefined },
    {
      name: "certificates",
      missing: certificates === undefined ? "the Secret with the operator's certificates; the log says why" : undefined,
    },
    { name: "informers", missing: informers.notSynced() },
    {
      name: "admission",
      missing: admission?.isReady() === true ? undefined : (admission?.problem() ?? "not started yet"),
      isInformational: true,
    },
  ];
  return checks;
}

/** As one clause. */
export function firstMissing(checks: readonly ReadinessCheck[]): string | undefined {
  const first = checks.find(({ missing, isInformational = false }) => missing !== undefined && !isInformational);
  if (first?.missing === undefined) return undefined;
  return first.name === "lifecycle" ? first.missing : `waiting for ${first.missing}`;
}

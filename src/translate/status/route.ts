/** Status of a TLSRoute: one entry for each of its parents that is ours. */
import { objectKey, type ParentReference, type TlsRoute } from "../../gateway-api/objects.ts";
import type { RouteAcceptedReason, RouteResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, DesiredParentStatus, RouteStatusPlan } from "../../model/plan.ts";
import type { UnresolvedHost } from "../../model/proxy-report.ts";
import type { RuleBackend } from "../backends/resolve-all.ts";
import { condition } from "../conditions.ts";
import type { Settlement } from "../gateway-work.ts";
import type { AttachResult } from "../routes/attach.ts";
import { type AnyRoute, kindOf } from "../routes/route.ts";

/** What came of one parentRef that led to us. */
export interface ParentOutcome {
  readonly parentRef: ParentReference;
  readonly result: AttachResult;
  /** What the route got of that Gateway. */
  readonly settlement: Settlement;
  /** What the Gateway's proxies say of its external hosts. */
  readonly unresolved: readonly UnresolvedHost[];
}

/** Nothing where no parent is ours and none ever was. */
export function routeStatus(
  controllerName: string,
  route: AnyRoute,
  outcomes: readonly ParentOutcome[],
  backends: readonly RuleBackend[],
): RouteStatusPlan | undefined {
  const wasOurs = (route.status?.parents ?? []).some((p) => p.controllerName === controllerName);
  if (outcomes.length === 0 && !wasOurs) return undefined;
  const { namespace, name, uid, generation = 1 } = route.metadata;
  return {
    kind: kindOf(route),
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    generation,
    parents: outcomes.map((outcome) => parentStatus(route, outcome, backends)),
  };
}

function parentStatus(
  route: AnyRoute,
  { parentRef, result, settlement, unresolved }: ParentOutcome,
  backends: readonly RuleBackend[],
): DesiredParentStatus {
  const byHost = new Map(unresolved.map((host) => [host.host, host]));
  return { parentRef, conditions: [accepted(route, settlement, result), resolvedRefs(backends, byHost)] };
}

function accepted(route: AnyRoute, { lost }: Settlement, result: AttachResult): DesiredCondition {
  const make = condition<RouteAcceptedReason>;
  if (!("attachments" in result)) return make("Accepted", false, result.reason, result.message);
  const names = result.attachments.map(({ assessed }) => `"${assessed.listener.name}"`).join(", ");
  const sentences = [`Attached to listener ${names}`];
  for (const { listener, hostname, winner } of lost) {
    const what = hostname === "*" ? "every server name" : hostname;
    sentences.push(
      `${what} on listener "${listener.listener.name}" belongs to ${kindOf(winner)} ${objectKey(winner)}, which has precedence`,
    );
  }
  if (((route as TlsRoute).spec.rules ?? []).length > 1)
    sentences.push("only rules[0] is served: a TLSRoute rule has no matches, so it takes everything");
  return make("Accepted", true, "Accepted", sentences.join("; "));
}

function resolvedRefs(
  backends: readonly RuleBackend[],
  unresolved: ReadonlyMap<string, UnresolvedHost>,
): DesiredCondition {
  const make = condition<RouteResolvedRefsReason>;
  const problems = backends.flatMap(({ backend: { target }, field, problem }) => {
    if (problem !== undefined) return [problem];
    const host = target.type === "external" ? unresolved.get(target.host) : undefined;
    return host === undefined ? [] : [{ reason: "BackendNotFound" as const, message: `${field}: ${host.message}` }];
  });
  const [first] = problems;
  if (first !== undefined) {
    return make("ResolvedRefs", false, first.reason, sentences(problems.map(({ message }) => message)));
  }
  if (backends.length === 0) {
    return make("ResolvedRefs", true, "ResolvedRefs", "There is no backendRef: connections are refused");
  }
  if (backends.every(({ weight }) => weight === 0)) {
    return make("ResolvedRefs", true, "ResolvedRefs", "Every backendRef has weight 0: connections are refused");
  }
  const notes = backends.flatMap(({ note }) => (note === undefined ? [] : [note]));
  return make(
    "ResolvedRefs",
    true,
    "ResolvedRefs",
    notes.length > 0 ? sentences(notes) : "All references are resolved",
  );
}

/** Sorted out of duplicates and kept under what a condition may hold (32,768 characters), far below. */
function sentences(messages: readonly string[]): string {
  const MAX_SENTENCES = 16;
  return [...new Set(messages)].slice(0, MAX_SENTENCES).join("; ");
}

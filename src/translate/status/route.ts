/** Status of a route of any kind: one entry for each of its parents that is ours. */
import { ANY_HOSTNAME } from "../../gateway-api/hostname.ts";
import { objectKey, type ParentReference } from "../../gateway-api/objects.ts";
import type { RouteAcceptedReason, RouteResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, DesiredParentStatus, RouteStatusPlan } from "../../model/plan.ts";
import type { RuleBackend } from "../backends/resolve-all.ts";
import { condition } from "../conditions.ts";
import type { Settlement } from "../gateway-work.ts";
import type { Attachment, AttachResult } from "../routes/attach.ts";
import type { LostHostname, Precedence } from "../routes/claims.ts";
import { enumerate } from "../routes/enumerate.ts";
import { type AnyRoute, isForwarding, kindOf } from "../routes/route.ts";
import type { BackendLoops } from "./backend-loops.ts";
import type { HostProblem } from "./unresolved-hosts.ts";

/** What came of one parentRef that led to us. */
export interface ParentOutcome {
  readonly parentRef: ParentReference;
  readonly result: AttachResult;
  /** Messages about hostnames of the route that no connection can reach. */
  readonly unreachable: readonly string[];
  /** What the route got of that Gateway. */
  readonly settlement: Settlement;
  /** External hosts that proxies of the Gateway cannot use. */
  readonly unresolved: readonly HostProblem[];
  /** Backends that lead back to that Gateway. */
  readonly loops: BackendLoops;
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
  { parentRef, result, unreachable, settlement, unresolved, loops }: ParentOutcome,
  backends: readonly RuleBackend[],
): DesiredParentStatus {
  const isAccepted = accepted(route, settlement, result, unreachable);
  // The backends of an HTTPRoute are not looked at: nothing is said of them.
  if (!isForwarding(route)) return { parentRef, conditions: [isAccepted] };
  return { parentRef, conditions: [isAccepted, resolvedRefs(backends, unresolved, loops)] };
}

function accepted(
  route: AnyRoute,
  { lost }: Settlement,
  result: AttachResult,
  unreachable: readonly string[],
): DesiredCondition {
  const make = condition<RouteAcceptedReason>;
  if (!("attachments" in result)) return make("Accepted", false, result.reason, result.message);
  const attached = `Attached to listener ${listenerNames(result.attachments)}`;
  if (!isForwarding(route)) {
    const message = `${attached}, but this controller does not route HTTP: requests are answered 503`;
    return make("Accepted", false, "UnsupportedValue", message);
  }
  const lostHere = lost.filter(({ listener }) => result.attachments.some(({ assessed }) => assessed === listener));
  const said = [attached, ...unserved(result.attachments), ...unreachable, ...losses(lostHere)];
  const { rules = [] } = route.spec;
  if (rules.length > 1)
    said.push(`only rules[0] is served: a ${kindOf(route)} rule has no matches, so it takes everything`);
  return make("Accepted", true, "Accepted", sentences(said));
}

/** Attached is not served (`attachedRoutes` counts both): whoever looks at the route only shall know. */
function unserved(attachments: readonly Attachment[]): readonly string[] {
  const without = attachments.filter(({ assessed }) => assessed.resource === undefined);
  return without.length === 0 ? [] : [`listener ${listenerNames(without)} is not served: its conditions say why`];
}

function listenerNames(attachments: readonly Attachment[]): string {
  return enumerate(attachments.map(({ assessed }) => `"${assessed.listener.name}"`));
}

const WHY: Readonly<Record<Precedence, string>> = {
  hostname: "whose own hostname is more specific",
  age: "which is older",
  name: "which is of the same age and comes first by name",
};

/** One sentence for all that a listener gave to the same route for the same reason. */
function losses(lost: readonly LostHostname[]): readonly string[] {
  if (lost.length === 0) return [];
  const groups = Map.groupBy(lost, ({ listener, winner, by }) => {
    const who = `${kindOf(winner)} ${objectKey(winner)}, ${WHY[by]}`;
    return `${who}, has listener "${listener.listener.name}"`;
  });
  return [...groups].map(([has, group]) => `${has} for ${enumerate(group.map(describeLost))}`);
}

function describeLost({ listener, hostname }: LostHostname): string {
  if (hostname !== ANY_HOSTNAME) return hostname;
  return listener.listener.protocol === "TCP" ? "every connection" : "every server name";
}

interface RouteProblem {
  readonly reason: Exclude<RouteResolvedRefsReason, "ResolvedRefs">;
  readonly message: string;
}

function resolvedRefs(
  backends: readonly RuleBackend[],
  unresolved: readonly HostProblem[],
  loops: BackendLoops,
): DesiredCondition {
  const make = condition<RouteResolvedRefsReason>;
  const notes: string[] = [];
  const problems = backends.flatMap(({ backend: { target }, field, problem, note }): RouteProblem[] => {
    if (note !== undefined) notes.push(note);
    if (problem !== undefined) return [problem];
    const loop = loops.get(field);
    if (loop?.isWhole === true) return [{ reason: "BackendLoop", message: `${field}: ${loop.message}` }];
    if (loop !== undefined) notes.push(`${field}: ${loop.message}`);
    const host = target.type === "external" ? unresolved.find(({ host }) => host === target.host) : undefined;
    if (host === undefined) return [];
    const message = `${field}: ${host.message}`;
    if (host.isEverywhere) return [{ reason: "BackendNotFound", message }];
    notes.push(message);
    return [];
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

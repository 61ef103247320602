/**
 * Joins what we want a status to say with what it says now. Only what is ours is touched: conditions of other types and
 * entries of other controllers are kept as they are, our own stale ones are removed, and `lastTransitionTime` moves only
 * when a condition's status flips (Gateway API, "Status"). Pure: the time is passed in.
 */
import type { Condition, RouteParentStatus } from "../../gateway-api/objects.ts";
import type {
  DesiredCondition,
  GatewayClassStatusPlan,
  GatewayStatusPlan,
  RouteStatusPlan,
  StatusPlan,
} from "../../model/plan.ts";

/** The status of the object as read, of any shape: it may come from an older controller. */
type CurrentStatus = Readonly<Record<string, unknown>> | undefined;

export interface MergeContext {
  readonly controllerName: string;
  /** RFC 3339, whole seconds: see `statusTime`. */
  readonly now: string;
}

/** A time as the API server writes it into a status (metav1.Time). */
export function statusTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The whole next status for `PUT …/status`. */
export function mergeStatus(plan: StatusPlan, current: CurrentStatus, context: MergeContext): Record<string, unknown> {
  switch (plan.kind) {
    case "GatewayClass":
      return mergeGatewayClass(plan, current, context);
    case "Gateway":
      return mergeGateway(plan, current, context);
    case "TLSRoute":
      return mergeRoute(plan, current, context);
  }
}

function mergeGatewayClass(plan: GatewayClassStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const conditions = mergeConditions(conditionsOf(current), plan.conditions, plan.generation, now);
  return { ...current, conditions, supportedFeatures: plan.supportedFeatures.map((name) => ({ name })) };
}

function mergeGateway(plan: GatewayStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const before = list<{ name: string; conditions?: readonly Condition[] }>(current?.listeners);
  const listeners = plan.listeners.map(({ conditions, ...listener }) => {
    const old = before.find(({ name }) => name === listener.name)?.conditions ?? [];
    return { ...listener, conditions: mergeConditions(old, conditions, plan.generation, now) };
  });
  const conditions = mergeConditions(conditionsOf(current), plan.conditions, plan.generation, now);
  return { ...current, addresses: plan.addresses, conditions, listeners };
}

function mergeRoute(plan: RouteStatusPlan, current: CurrentStatus, { controllerName, now }: MergeContext) {
  const before = list<RouteParentStatus>(current?.parents);
  const foreign = before.filter((entry) => entry.controllerName !== controllerName);
  const ours = plan.parents.map(({ parentRef, conditions }) => {
    const old = before.find((e) => e.controllerName === controllerName && sameRef(e.parentRef, parentRef));
    return {
      parentRef,
      controllerName,
      conditions: mergeConditions(old?.conditions ?? [], conditions, plan.generation, now),
    };
  });
  return { ...current, parents: [...foreign, ...ours] };
}

/** Keeps the order of the existing ones, so that an unchanged status stays equal. */
export function mergeConditions(
  before: readonly Condition[],
  desired: readonly DesiredCondition[],
  generation: number,
  now: string,
): readonly Condition[] {
  const renew = (condition: DesiredCondition, old: Condition | undefined): Condition => ({
    ...condition,
    observedGeneration: generation,
    lastTransitionTime: old !== undefined && old.status === condition.status ? old.lastTransitionTime : now,
  });
  const kept = before.map((old) => {
    const wanted = desired.find(({ type }) => type === old.type);
    return wanted === undefined ? old : renew(wanted, old);
  });
  const added = desired.filter(({ type }) => !before.some((old) => old.type === type));
  return [...kept, ...added.map((condition) => renew(condition, undefined))];
}

function conditionsOf(status: CurrentStatus): readonly Condition[] {
  return list<Condition>(status?.conditions);
}

function list<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : [];
}

/** Two parentRefs of a route are told apart by these six (Gateway API, `ParentReference`). */
function sameRef(a: RouteParentStatus["parentRef"], b: RouteParentStatus["parentRef"]): boolean {
  const fields = ["group", "kind", "namespace", "name", "sectionName", "port"] as const;
  return fields.every((field) => a[field] === b[field]);
}

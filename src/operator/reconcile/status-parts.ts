/** Reads parts of statuses that writers compare and report: conditions by path, entries of this controller, a plan without counts. Pure. */
import type { Condition, PolicyAncestorStatus, RouteParentStatus } from "../../gateway-api/objects.ts";
import type { StatusPlan } from "../../model/plan.ts";

export type Status = Readonly<Record<string, unknown>> | undefined;

export function withoutCounts(plan: StatusPlan): unknown {
  if (!("listeners" in plan)) return plan;
  return { ...plan, listeners: plan.listeners.map(({ attachedRoutes: _, ...listener }) => listener) };
}

/** Returns every condition of a status that this controller may own, by its path. */
export function conditionsOf(status: Status, controllerName: string): ReadonlyMap<string, Condition> {
  const found = new Map<string, Condition>();
  const add = (where: string, conditions: readonly Condition[] = []) => {
    for (const condition of conditions) found.set(`${where}${condition.type}`, condition);
  };
  add("", status?.conditions as readonly Condition[] | undefined);
  for (const entry of ownEntries(status, controllerName)) {
    const ref = "parentRef" in entry ? entry.parentRef : entry.ancestorRef;
    add(`${JSON.stringify(ref)} `, entry.conditions);
  }
  return found;
}

/** Returns this controller's entries of a route's parents or a policy's ancestors. */
export function ownEntries(
  status: Status,
  controllerName: string,
): readonly (RouteParentStatus | PolicyAncestorStatus)[] {
  const { parents = [], ancestors = [] } = (status ?? {}) as {
    readonly parents?: readonly RouteParentStatus[];
    readonly ancestors?: readonly PolicyAncestorStatus[];
  };
  return [...parents, ...ancestors].filter((entry) => entry.controllerName === controllerName);
}

/** Which changes of a status are worth an Event. Pure. */
import type { Condition } from "../../gateway-api/objects.ts";
import type { StatusPlan } from "../../model/plan.ts";

export interface Transition extends Condition {
  /** Where the condition stands in the status: with the type, what an Event is about. */
  readonly about: string;
}

/** What a new Gateway passes through within seconds. */
const ON_ITS_WAY: readonly string[] = ["Pending", "AddressNotAssigned"];

/**
 * Conditions whose status or reason is another than before. A first `Pending` is on its way, not news; classes and
 * parameters are not anybody's to watch.
 */
export function transitions(
  plan: StatusPlan,
  before: ReadonlyMap<string, Condition>,
  after: ReadonlyMap<string, Condition>,
): readonly Transition[] {
  if (plan.kind === "GatewayClass" || plan.kind === "GatewayParameters") return [];
  return [...after].flatMap(([about, condition]) => {
    const old = before.get(about);
    if (old !== undefined && old.status === condition.status && old.reason === condition.reason) return [];
    const isOnItsWay = ON_ITS_WAY.includes(condition.reason) && old?.status !== "True";
    return isOnItsWay ? [] : [{ ...condition, about }];
  });
}

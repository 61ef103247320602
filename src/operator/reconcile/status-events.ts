/** Records Events about a status: one per condition transition, and one when the status has no room for entries of this controller. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { StatusPlan } from "../../model/plan.ts";
import { eventReason } from "../write/event-reasons.ts";
import type { EventRecorder } from "../write/events.ts";
import { conditionsOf, ownEntries, type Status } from "./status-parts.ts";
import { transitions } from "./transitions.ts";

type Recorder = Pick<EventRecorder, "record">;

interface StatusChange {
  readonly plan: StatusPlan;
  readonly before: Status;
  readonly after: Status;
  readonly controllerName: string;
}

export function recordTransitions(
  events: Recorder,
  object: KubernetesObject,
  { plan, before, after, controllerName }: StatusChange,
): void {
  const changed = transitions(plan, conditionsOf(before, controllerName), conditionsOf(after, controllerName));
  for (const { about, type, status, message, ...transition } of changed) {
    const reason = eventReason(transition.reason);
    if (reason === undefined) continue;
    events.record(object, {
      type: status === "True" ? "Normal" : "Warning",
      reason,
      message: `${type}: ${message}`,
      about,
    });
  }
}

/** The status cannot report this itself. */
export function recordFullStatus(
  events: Recorder,
  object: KubernetesObject,
  { plan, after, controllerName }: Omit<StatusChange, "before">,
): void {
  const desired = "parents" in plan ? plan.parents : "ancestors" in plan ? plan.ancestors : [];
  const missing = desired.length - ownEntries(after, controllerName).length;
  if (missing <= 0) return;
  const message = `The status is full of other controllers' entries: ${missing} of ours could not be written`;
  events.record(object, { type: "Warning", reason: "StatusFull", message, about: "status" });
}

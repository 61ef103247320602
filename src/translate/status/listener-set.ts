/** Status of a ListenerSet whose parent is a Gateway of ours (GEP-1713): of its own listeners, and of its parent where that is at fault. */

import { objectKey } from "../../gateway-api/objects.ts";
import type { ListenerSetAcceptedReason, ListenerSetProgrammedReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, ListenerSetStatusPlan } from "../../model/plan.ts";
import { condition } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AssessedListenerSet } from "../listeners/assess.ts";
import type { JudgedGateway } from "./gateway.ts";
import { describeWaiting, type JudgedListener, type JudgedListeners, namesOf } from "./listener.ts";

/** One for each ListenerSet that names the Gateway, attached or not. */
export function listenerSetStatuses(
  work: GatewayWork,
  gateway: JudgedGateway,
  judged: JudgedListeners,
): readonly ListenerSetStatusPlan[] {
  return work.listenerSets.map((assessed) => {
    const { namespace, name, uid, generation = 1 } = assessed.listenerSet.metadata;
    const listeners = judged(assessed.listenerSet);
    return {
      kind: "ListenerSet",
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      generation,
      conditions: judge(assessed, objectKey(work.gateway), gateway, listeners),
      listeners: listeners.map(({ status }) => status),
    };
  });
}

/** Is it attached, as `Gateway.status.attachedListenerSets` counts? */
export function isAttached({ conditions }: ListenerSetStatusPlan): boolean {
  return conditions.some(({ type, status }) => type === "Accepted" && status === "True");
}

function judge(
  { refusal }: AssessedListenerSet,
  parent: string,
  gateway: JudgedGateway,
  listeners: readonly JudgedListener[],
): readonly DesiredCondition[] {
  const accept = condition<ListenerSetAcceptedReason>;
  const program = condition<ListenerSetProgrammedReason>;
  const both = (reason: "NotAllowed" | "ListenersNotValid", message: string) => [
    accept("Accepted", false, reason, message),
    program("Programmed", false, reason, message),
  ];
  if (refusal !== undefined) return both(refusal.reason, refusal.message);
  if (gateway.accepted.status === "False") {
    const message = `Gateway ${parent} is not accepted: see its conditions`;
    return [
      accept("Accepted", false, "ParentNotAccepted", message),
      program("Programmed", false, "ParentNotProgrammed", message),
    ];
  }
  const valid = namesOf(listeners, (listener) => listener.valid);
  const invalid = namesOf(listeners, (listener) => !listener.valid);
  if (valid === "")
    return both("ListenersNotValid", `Listener ${invalid} is not valid (see its conditions); no other is`);
  const accepted =
    invalid === ""
      ? accept("Accepted", true, "Accepted", `The ListenerSet is attached to Gateway ${parent}`)
      : accept(
          "Accepted",
          true,
          "ListenersNotValid",
          `Listener ${invalid} is not valid (see its conditions); ${valid} is`,
        );
  return [accepted, programmed(parent, gateway, listeners)];
}

function programmed(
  parent: string,
  { unreachable }: JudgedGateway,
  listeners: readonly JudgedListener[],
): DesiredCondition {
  const make = condition<ListenerSetProgrammedReason>;
  if (unreachable !== undefined) {
    const message = `Gateway ${parent} has no address for clients to connect to: see its conditions`;
    return make("Programmed", false, "ParentNotProgrammed", message);
  }
  const waiting = describeWaiting(listeners);
  if (waiting !== undefined) return make("Programmed", false, "Pending", waiting);
  return make(
    "Programmed",
    true,
    "Programmed",
    `The proxies serve its listeners at the addresses of Gateway ${parent}`,
  );
}

/** Condition of a Gateway whose changed proxies wait for rollouts of other Gateways. It goes when the wait ends. */
import { type Gateway, namespaceOf } from "../../gateway-api/objects.ts";
import type { DesiredCondition } from "../../model/plan.ts";
import type { RolloutWait } from "../../model/snapshot.ts";
import { condition } from "../conditions.ts";

/** Not a type of Gateway API: it has our prefix, as the API asks. */
export const ROLLOUT_PENDING = "gateway.fsm.dev/RolloutPending";

/** Names that one message holds. */
const MAX_NAMES = 5;

/**
 * Names only Gateways of the same namespace: others are not for its users to see. Names only slow rollouts, so that the message is
 * not written anew for each of many quick ones.
 */
export function computeRolloutPending(gateway: Gateway, { limit, slow }: RolloutWait): DesiredCondition {
  const waits = `Changed proxies wait for rollouts of other Gateways: at most ${limit} at a time.`;
  const message =
    slow.length === 0
      ? waits
      : `${waits} Not complete for 2 minutes: ${nameSlow(slow, namespaceOf(gateway))}. ` +
        "Repair or delete them; a rollout past its progress deadline no longer counts.";
  return condition(ROLLOUT_PENDING, true, "RolloutLimit", message);
}

function nameSlow(slow: readonly string[], namespace: string): string {
  const prefix = `${namespace}/`;
  const names = slow.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const shown = names.slice(0, MAX_NAMES);
  const otherCount = slow.length - shown.length;
  return [...shown, ...(otherCount > 0 ? [`${otherCount} more`] : [])].join(", ");
}

/** Computes the condition of a Gateway whose changed proxies wait for rollouts of other Gateways. Removed when the wait ends. */
import { type Gateway, namespaceOf } from "../../gateway-api/objects.ts";
import type { DesiredCondition } from "../../model/plan.ts";
import type { RolloutWait } from "../../model/snapshot.ts";
import { condition } from "../conditions.ts";

/** Not a type of Gateway API: it has this project's prefix, as the API requires. */
export const ROLLOUT_PENDING = "gateway.fsm.dev/RolloutPending";

/** Maximum number of names in one message. */
const MAX_NAMES = 5;

/**
 * Names only Gateways of the same namespace, because its users may not see others. Names only slow rollouts, so that many quick ones
 * do not each cause a new message.
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

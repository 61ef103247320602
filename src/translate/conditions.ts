/** Making conditions: the positive and the negative form, with the reason's type checked where it is named. */
import type { DesiredCondition } from "../model/plan.ts";

export function condition<Reason extends string>(
  type: string,
  status: boolean,
  reason: Reason,
  message: string,
): DesiredCondition {
  return { type, status: status ? "True" : "False", reason, message };
}

/** "1 proxy", "2 proxies". */
export function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Defines how many Gateways may roll out at a time: a count, or a percentage of all. Pure. */

export type RolloutLimit =
  | { readonly unit: "count"; readonly value: number }
  | { readonly unit: "percent"; readonly value: number };

const LIMIT = /^(?<value>[1-9]\d{0,5})(?<percent>%)?$/;

/** Parses `3` or `10%`. Undefined for anything else: 0 would stop all upgrades. */
export function parseRolloutLimit(text: string): RolloutLimit | undefined {
  const { value, percent } = LIMIT.exec(text)?.groups ?? {};
  if (value === undefined) return undefined;
  if (percent === undefined) return { unit: "count", value: Number(value) };
  return Number(value) <= 100 ? { unit: "percent", value: Number(value) } : undefined;
}

/** Rounds a percentage down, to at least 1. */
export function getMaxRolling({ unit, value }: RolloutLimit, gatewayCount: number): number {
  return unit === "count" ? value : Math.max(1, Math.floor((gatewayCount * value) / 100));
}

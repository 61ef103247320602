/** Lists in messages, kept short: a condition's message holds 32,768 characters, and a route may have 1,024 hostnames of 253. */
const MAX_NAMED = 8;

/** `a, b, c`, or `a, …, h and 1,016 more`. */
export function enumerate(items: readonly string[]): string {
  const named = items.slice(0, MAX_NAMED).join(", ");
  const more = items.length - MAX_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}

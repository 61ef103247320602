/** Many writes, a few at a time, none of which keeps the others from being tried. */

/** Enough to hide the latency of the API server, few enough for its flow control to stay calm. */
const DEFAULT_LIMIT = 8;

/**
 * Runs `task` for each item, at most `limit` at once, in order of the items. Resolves when all have ended, with the outcomes
 * in the items' order; never rejects.
 */
export async function concurrently<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
  limit: number = DEFAULT_LIMIT,
): Promise<PromiseSettledResult<R>[]> {
  const outcomes: PromiseSettledResult<R>[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      const [outcome] = await Promise.allSettled([(async () => task(item))()]);
      outcomes[index] = outcome;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return outcomes;
}

/** The reasons of those that failed. */
export function failuresOf(outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}

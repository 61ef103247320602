/** Runs tasks with bounded concurrency. A failed task does not stop the others. */

/** Enough to hide the latency of the API server, few enough for its flow control to stay calm. */
const DEFAULT_LIMIT = 8;

/**
 * Runs `task` for each item, at most `limit` at once, in the order of the items. Takes an item only when its task starts, so that `items`
 * may end early. Resolves when all tasks have ended, with the outcomes in the items' order; never rejects.
 */
export async function concurrently<T, R>(
  items: Iterable<T>,
  task: (item: T) => Promise<R>,
  limit: number = DEFAULT_LIMIT,
): Promise<PromiseSettledResult<R>[]> {
  const outcomes: PromiseSettledResult<R>[] = [];
  const queue = items[Symbol.iterator]();
  let started = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      const { value } = next;
      const index = started++;
      const [outcome] = await Promise.allSettled([(async () => task(value))()]);
      outcomes[index] = outcome;
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return outcomes;
}

/** The reasons of those that failed. */
export function failuresOf(outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}

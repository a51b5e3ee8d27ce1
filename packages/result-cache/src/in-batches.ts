// Many files at once, but not all.

/** Files that are open together: what a thread pool keeps busy, far below any limit of a process. */
const AT_ONCE = 32;

/**
 * Returns the result of `work` for each item, in their order. Rejects with the first failure, when nothing is
 * on its way any more, and between batches once `signal` aborts.
 */
export async function inBatches<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    signal?.throwIfAborted();
    const batch = await Promise.allSettled(items.slice(from, from + AT_ONCE).map(async (item) => work(item)));
    for (const outcome of batch) {
      if (outcome.status === "rejected") throw outcome.reason;
      done.push(outcome.value);
    }
  }
  return done;
}

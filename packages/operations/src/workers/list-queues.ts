// Lists the queues through which attempts come to workers on other machines.

import type { OperationContext } from "../context.ts";

/** A queue, as it is shown. */
export interface QueueReport {
  readonly queue: string;
  /** Attempts that wait for a worker. */
  readonly waiting: number;
  /** Attempts that workers run. */
  readonly started: number;
  /** Milliseconds for which the oldest one has waited; `null`: none waits. */
  readonly oldestWaitMs: number | null;
  /** Workers that take its attempts. */
  readonly workers: number;
  /** Attempts that these workers run at a time, of all their queues. */
  readonly places: number;
}

/** Lists queues that have attempts or workers, by name. */
export async function listQueues({ stores, settings }: OperationContext): Promise<QueueReport[]> {
  const [counts, hosts] = await Promise.all([
    stores.remoteAttempts.countByQueue(),
    stores.workerHosts.list(settings.workerLimits),
  ]);
  const active = hosts.filter(({ state }) => state === "active");
  const names = new Set([...counts.map(({ queue }) => queue), ...active.flatMap(({ queues }) => queues)]);
  return Array.from(names)
    .sort()
    .map((queue) => {
      const found = counts.find((count) => count.queue === queue);
      const workers = active.filter(({ queues }) => queues.includes(queue));
      return {
        queue,
        waiting: found?.waiting ?? 0,
        started: found?.started ?? 0,
        oldestWaitMs: found?.oldestWaitMs ?? null,
        workers: workers.length,
        places: workers.reduce((sum, { concurrency }) => sum + concurrency, 0),
      };
    });
}

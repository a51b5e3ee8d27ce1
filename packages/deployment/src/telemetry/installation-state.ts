// Reads what the metrics of a whole installation show.

import type { OperationContext } from "@memodag/operations";
import { cacheHealth, cacheStats } from "@memodag/operations/cache";
import type { InstallationState } from "@memodag/telemetry";

/** Reads it. Rejects while the database is away. */
export async function readInstallation(context: OperationContext): Promise<InstallationState> {
  const { views, runs, dags } = context.stores;
  const activeRuns = await views.listRevisions({});
  // Runs are listed by their numbers: the first that is queued was made first.
  const queued = activeRuns.find(({ state }) => state === "queued");
  const oldest = queued && (await runs.findRun(queued.team, queued.dagId, queued.runId));
  const { tasks } = await cacheStats(context, {});
  const brokenFiles = new Map<string, number>();
  for (const { bundle, error } of await dags.listDagFiles())
    brokenFiles.set(bundle, (brokenFiles.get(bundle) ?? 0) + (error === null ? 0 : 1));
  return {
    activeRuns,
    oldestQueuedAt: oldest?.createdAt ?? null,
    pools: await readPools(context),
    owedCallbacks: await views.countOwedCallbacks(),
    isCachingOn: (await cacheHealth(context)).offReason === null,
    cache: Array.from(
      Map.groupBy(tasks, ({ team }) => team),
      ([team, ofTeam]) => ({
        team,
        entries: ofTeam.reduce((sum, { entries }) => sum + entries, 0),
        sizeBytes: ofTeam.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      }),
    ),
    maxCacheBytes: context.settings.maxCacheBytes(),
    brokenFiles,
  };
}

async function readPools(context: OperationContext): Promise<InstallationState["pools"]> {
  const { views, dags } = context.stores;
  const waiting = new Map<string, number>();
  for (const [versionId, tasks] of Map.groupBy(
    await views.listWaitingTasks(),
    ({ dagVersionId }) => dagVersionId,
  )) {
    const { dag } = await dags.getDagVersion(versionId);
    const poolOf = new Map(dag.tasks.map(({ taskId, pool }) => [taskId, pool]));
    for (const { taskId, instances } of tasks) {
      const pool = poolOf.get(taskId) ?? "";
      waiting.set(pool, (waiting.get(pool) ?? 0) + instances);
    }
  }
  const uses = await views.listPoolUse();
  return Array.from(context.settings.poolSlots(), ([pool, slots]) => ({
    pool,
    slots,
    used: uses.reduce((sum, use) => sum + (use.pool === pool ? use.slots : 0), 0),
    waiting: waiting.get(pool) ?? 0,
  }));
}

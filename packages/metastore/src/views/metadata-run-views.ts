// Runs as people and programs look at them, in the metadata database. Each query is a file beside this one.

import type {
  DagRun,
  DaySums,
  InstanceQuery,
  ListedInstances,
  MissCount,
  PoolUse,
  RevisionLook,
  RunPeriod,
  RunRevision,
  RunViews,
  SummedRun,
  TaskMisses,
  TaskTry,
  TryQuery,
  WaitingTask,
} from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { findVersionDigests } from "./find-version-digests.ts";
import { countMisses, listFailures, listTaskMisses } from "./latest-trouble.ts";
import { listInstances } from "./list-instances.ts";
import { listRevisions } from "./list-revisions.ts";
import { listPoolUse } from "./list-pool-use.ts";
import { listRunningTasks } from "./list-running-tasks.ts";
import { listTries } from "./list-tries.ts";
import { countOwedCallbacks, listWaitingTasks } from "./list-waiting.ts";
import { sumByDay } from "./sum-by-day.ts";
import { sumUpRuns } from "./sum-up-runs.ts";

/** The views of runs of the metadata database. */
export class MetadataRunViews implements RunViews {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async listRevisions(look: RevisionLook): Promise<RunRevision[]> {
    return await listRevisions(this.#dialect, look);
  }

  async listInstances(
    team: string,
    runId: number,
    query: InstanceQuery,
  ): Promise<ListedInstances | undefined> {
    return await listInstances(this.#dialect, team, runId, query);
  }

  async sumUp(team: string, runIds: readonly number[]): Promise<Map<number, SummedRun>> {
    return await sumUpRuns(this.#dialect, team, runIds);
  }

  async sumByDay(period: RunPeriod): Promise<DaySums[]> {
    return await sumByDay(this.#dialect, period);
  }

  async listFailures(team: string | undefined, endedSince: number, limit: number): Promise<DagRun[]> {
    return await listFailures(this.#dialect, team, endedSince, limit);
  }

  async countMisses(team: string | undefined, since: number): Promise<MissCount[]> {
    return await countMisses(this.#dialect, team, since);
  }

  async listTaskMisses(team: string | undefined, since: number, limit: number): Promise<TaskMisses[]> {
    return await listTaskMisses(this.#dialect, team, since, limit);
  }

  async findVersionDigests(team: string, versionIds: readonly number[]): Promise<Map<number, string>> {
    return await findVersionDigests(this.#dialect, team, versionIds);
  }

  async listPoolUse(): Promise<PoolUse[]> {
    return await listPoolUse(this.#dialect);
  }

  async listWaitingTasks(): Promise<WaitingTask[]> {
    return await listWaitingTasks(this.#dialect);
  }

  async countOwedCallbacks(): Promise<number> {
    return await countOwedCallbacks(this.#dialect);
  }

  async listRunningTasks(team: string, runIds: readonly number[]): Promise<Map<number, string[]>> {
    return await listRunningTasks(this.#dialect, team, runIds);
  }

  async listTries(team: string, runId: number, query: TryQuery): Promise<TaskTry[]> {
    return await listTries(this.#dialect, team, runId, query);
  }
}

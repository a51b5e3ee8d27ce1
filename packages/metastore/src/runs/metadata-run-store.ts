// Runs, task instances and XComs in the metadata database.

import {
  MemodagError,
  type AuditAct,
  type CancelledInstances,
  type ClaimedRun,
  type ClaimRequest,
  type ClearedTask,
  type DagRun,
  type DurationRange,
  type InstancePage,
  type InterruptedRunFilter,
  type LoadedRunName,
  type NewDagRun,
  type PassOutcome,
  type PassWrite,
  type PreviousCacheKey,
  type RecheckDifferences,
  type RunCancellation,
  type RunFilter,
  type RunSummary,
  type RunStore,
  type RunTransactions,
  type StoredInstance,
  type TaskInstanceId,
  type TaskMarks,
  type WantedRun,
  type WaitingCount,
  type XCom,
} from "@memodag/core";
import { sql } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { cancelRun } from "./cancel-run.ts";
import { clearTasks } from "./clear-tasks.ts";
import { checkRunId, insertRun } from "./create-run.ts";
import { toDagRun } from "../rows/dag-run-row.ts";
import { markTasks } from "./mark-tasks.ts";
import { findShownDigests } from "./find-shown-digests.ts";
import { findRunSummaries } from "./find-run-summaries.ts";
import { durationRanges, meanDurations } from "./task-durations.ts";
import { listInterruptedRuns } from "./list-interrupted-runs.ts";
import { findRecheckDifferences } from "./recheck-differences.ts";
import { reloadRun } from "./reload-run.ts";
import { insertReceiving } from "./receive-results.ts";
import { findTransactions, isRollingBack, listUnsettled, loadEnded } from "../run-transactions.ts";
import { listLeaseOwners, releaseLeases, renewLeases } from "./run-leases.ts";
import { toStoredInstance } from "../rows/task-instance-row.ts";
import { containsText } from "../views/contains-text.ts";
import { writeStorablePass } from "./unstorable-instances.ts";
import { toXCom } from "../rows/xcom-row.ts";

/** The run store of the metadata database. */
export class MetadataRunStore implements RunStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async createRun(run: NewDagRun, act?: AuditAct): Promise<DagRun> {
    checkRunId(run);
    const dialect = this.#dialect;
    const outcome = await dialect.transaction(function* () {
      const inserted = yield* run.receives
        ? insertReceiving(dialect, run, run.receives)
        : insertRun(dialect, run);
      if (inserted.kind === "made") yield* writeAct(dialect, act, 1);
      return inserted;
    });
    if (outcome.kind === "taken") throw runExists(run, outcome.runId);
    await this.#announce();
    return toDagRun(outcome.row);
  }

  async findRunIds(team: string, runs: readonly number[]): Promise<Map<number, string>> {
    if (runs.length === 0) return new Map();
    const rows = await this.#dialect.kysely
      .selectFrom("dag_run")
      .select(["id", "run_id"])
      .where("team", "=", team)
      .where("id", "in", runs)
      .execute();
    return new Map(rows.map(({ id, run_id: runId }) => [id, runId]));
  }

  async countWaiting(team: string | undefined): Promise<WaitingCount[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("dag_run")
      .innerJoin("task_instance", "task_instance.dag_run_id", "dag_run.id")
      .select(["dag_run.team", "task_instance.cache_key"])
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("dag_run.state", "in", ["queued", "running"])
      .where("task_instance.state", "=", "scheduled")
      .where("task_instance.cache_reason_code", "=", "waiting")
      .$if(team !== undefined, (query) => query.where("dag_run.team", "=", team ?? ""))
      .groupBy(["dag_run.team", "task_instance.cache_key"])
      .execute();
    return rows.map(({ cache_key: key, ...row }) => ({ ...row, key: key ?? "" }));
  }

  async findRun(team: string, dagId: string, runId: string): Promise<DagRun | undefined> {
    const row = await this.#dialect.kysely
      .selectFrom("dag_run")
      .selectAll()
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("run_id", "=", runId)
      .executeTakeFirst();
    return row && toDagRun(row);
  }

  async findRunSummaries(wanted: readonly WantedRun[]): Promise<(RunSummary | undefined)[]> {
    return await findRunSummaries(this.#dialect, wanted);
  }

  async meanDurations(team: string, dagId: string, latestRuns: number): Promise<ReadonlyMap<string, number>> {
    return await meanDurations(this.#dialect, team, dagId, latestRuns);
  }

  async durationRanges(
    team: string,
    dagId: string,
    latestRuns: number,
  ): Promise<ReadonlyMap<string, DurationRange>> {
    return await durationRanges(this.#dialect, team, dagId, latestRuns);
  }

  async listRuns({ limit, after, ...filter }: RunFilter): Promise<DagRun[]> {
    const { team, dagId, idPrefix, state, runType, createdFrom, createdBefore, text } = filter;
    const rows = await this.#dialect.kysely
      .selectFrom("dag_run")
      .selectAll()
      .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
      .$if(dagId !== undefined, (query) => query.where("dag_id", "=", dagId ?? ""))
      // No LIKE: "_" and "%" stand for themselves. Lengths are in characters, not in UTF-16 units.
      .$if(idPrefix !== undefined, (query) =>
        query.where(sql`substr(run_id, 1, ${[...(idPrefix ?? "")].length})`, "=", idPrefix ?? ""),
      )
      .$if(state !== undefined, (query) => query.where("state", "=", state ?? ""))
      .$if(runType !== undefined, (query) => query.where("run_type", "=", runType ?? ""))
      .$if(createdFrom !== undefined, (query) => query.where("created_at", ">=", createdFrom ?? 0))
      .$if(createdBefore !== undefined, (query) => query.where("created_at", "<", createdBefore ?? 0))
      .$if(text !== undefined, (query) =>
        query.where((where) =>
          where.or([containsText("run_id", text ?? ""), containsText("dag_id", text ?? "")]),
        ),
      )
      .$if(after !== undefined, (query) => query.where("id", "<", after ?? 0))
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows.map(toDagRun);
  }

  async listDatedRuns(team: string, dagId: string, dates: readonly number[]): Promise<Map<number, string>> {
    const [first = 0] = dates;
    if (dates.length === 0) return new Map();
    const rows = await this.#dialect.kysely
      .selectFrom("dag_run")
      .select(["logical_date", "run_id"])
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where(
        "logical_date",
        ">=",
        dates.reduce((least, date) => Math.min(least, date), first),
      )
      .where(
        "logical_date",
        "<=",
        dates.reduce((most, date) => Math.max(most, date), first),
      )
      .$narrowType<{ logical_date: number }>()
      .execute();
    const wanted = new Set(dates);
    return new Map(
      rows.filter((row) => wanted.has(row.logical_date)).map((row) => [row.logical_date, row.run_id]),
    );
  }

  async listTaskInstances(team: string, runId: number, page?: InstancePage): Promise<StoredInstance[]> {
    const { after, taskId } = page ?? {};
    const rows = await this.#dialect.kysely
      .selectFrom("task_instance")
      .innerJoin("dag_run", "dag_run.id", "task_instance.dag_run_id")
      .selectAll("task_instance")
      .where("dag_run.team", "=", team)
      .where("dag_run_id", "=", runId)
      .$if(taskId !== undefined, (query) => query.where("task_id", "=", taskId ?? ""))
      .$if(after !== undefined, (query) =>
        query.where(sql<boolean>`(task_id, map_index) > (${after?.taskId}, ${after?.mapIndex})`),
      )
      .orderBy("task_id")
      .orderBy("map_index")
      .$if(page !== undefined, (query) => query.limit(page?.limit ?? 0))
      .execute();
    return rows.map(toStoredInstance);
  }

  async findRecheckDifferences(
    team: string,
    dagId: string,
    taskId: string,
  ): Promise<RecheckDifferences | undefined> {
    return await findRecheckDifferences(this.#dialect, team, dagId, taskId);
  }

  async listXComs(team: string, runId: number, instance?: TaskInstanceId): Promise<XCom[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("xcom")
      .select(["task_id", "map_index", "key", "digest", "size_bytes", "store", "stored_digest"])
      .where("team", "=", team)
      .where("dag_run_id", "=", runId)
      .$if(instance !== undefined, (query) =>
        query.where("task_id", "=", instance?.taskId ?? "").where("map_index", "=", instance?.mapIndex ?? 0),
      )
      .orderBy("task_id")
      .orderBy("map_index")
      .orderBy("key")
      .execute();
    return rows.map(toXCom);
  }

  async findShownDigests(team: string, store: string, digests: readonly string[]): Promise<Set<string>> {
    return await findShownDigests(this.#dialect, team, store, digests);
  }

  async claimRuns(request: ClaimRequest): Promise<ClaimedRun[]> {
    return await this.#dialect.claimRuns(request);
  }

  async listInterruptedRuns(filter: InterruptedRunFilter): Promise<DagRun[]> {
    return await listInterruptedRuns(this.#dialect, filter);
  }

  async reloadRun(owner: string, leaseMs: number, runId: number): Promise<ClaimedRun | undefined> {
    return await reloadRun(this.#dialect, owner, leaseMs, runId);
  }

  async listLeaseOwners(): Promise<string[]> {
    return await listLeaseOwners(this.#dialect);
  }

  async renewLeases(owner: string, leaseMs: number): Promise<number[]> {
    return await renewLeases(this.#dialect, owner, leaseMs);
  }

  async releaseLeases(owner: string, runIds?: readonly number[]): Promise<void> {
    await releaseLeases(this.#dialect, owner, runIds);
    await this.#announce();
  }

  /** The write is committed in any case; a scheduler that misses the notification polls. */
  async #announce(): Promise<void> {
    await this.#dialect.announceRuns().catch(() => undefined);
  }

  async clearTasks(
    team: string,
    runId: number,
    tasks: readonly ClearedTask[],
    act?: AuditAct,
  ): Promise<TaskInstanceId[]> {
    const cleared = await clearTasks(this.#dialect, team, runId, tasks, act);
    if (cleared.length > 0) await this.#announce();
    return [...cleared];
  }

  async markTasks(team: string, runId: number, marks: TaskMarks, act?: AuditAct): Promise<TaskInstanceId[]> {
    const marked = await markTasks(this.#dialect, team, runId, marks, act);
    if (marked.length > 0) await this.#announce();
    return [...marked];
  }

  async cancelRun(
    team: string,
    runId: number,
    cancellation: RunCancellation,
    act?: AuditAct,
  ): Promise<CancelledInstances | undefined> {
    const cancelled = await cancelRun(this.#dialect, team, runId, cancellation, act);
    if (cancelled !== undefined) await this.#announce();
    return cancelled;
  }

  /** By the count of changes, which only grows: an answer that is late is as true as one that is not. */
  async listChangedRuns(owner: string, loaded: readonly LoadedRunName[]): Promise<number[]> {
    if (loaded.length === 0) return [];
    const handCounts = new Map(loaded.map(({ id, handCount }) => [id, handCount]));
    const rows = await this.#dialect.kysely
      .selectFrom("dag_run")
      .select(["id", "hand_count"])
      .where("id", "in", [...handCounts.keys()])
      .where("lease_owner", "=", owner)
      .execute();
    return rows.filter((row) => row.hand_count !== handCounts.get(row.id)).map((row) => row.id);
  }

  async isRollingBack(
    dag: { readonly team: string; readonly dagId: string },
    transactionId: string,
    except: number,
  ): Promise<boolean> {
    return await isRollingBack(this.#dialect, dag, transactionId, except);
  }

  async findTransactions(runId: number): Promise<RunTransactions> {
    return await findTransactions(this.#dialect, runId);
  }

  async listUnsettledRuns(limit: number, dag?: { team: string; dagId: string }): Promise<number[]> {
    return await listUnsettled(this.#dialect, limit, dag);
  }

  async loadEndedRun(runId: number): Promise<ClaimedRun | undefined> {
    return await loadEnded(this.#dialect, runId);
  }

  async writePass(pass: PassWrite): Promise<PassOutcome> {
    const outcome = await writeStorablePass(this.#dialect, pass);
    // Others may wait for its end, or for the room that it leaves.
    if (outcome.kind === "written" && pass.run.endedAt !== null) await this.#announce();
    return outcome;
  }

  async listPreviousCacheKeys(
    team: string,
    dagId: string,
    beforeRunId: number,
    limit: number,
  ): Promise<PreviousCacheKey[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("task_instance")
      .select(["task_id as taskId", "cache_key as key"])
      .where("dag_run_id", "=", (query) =>
        query
          .selectFrom("dag_run")
          .select("id")
          .where("team", "=", team)
          .where("dag_id", "=", dagId)
          .where("id", "<", beforeRunId)
          .where("state", "in", ["success", "failed"])
          .orderBy("id", "desc")
          .limit(1),
      )
      .where("cache_key", "is not", null)
      .orderBy("map_index")
      .limit(limit)
      .$narrowType<{ key: string }>()
      .execute();
    return rows;
  }
}

function runExists({ team, dagId, runId, logicalDate }: NewDagRun, takenBy: string): MemodagError {
  const wanted =
    logicalDate === null || takenBy === runId
      ? `a run "${takenBy}"`
      : `a run of ${new Date(logicalDate).toISOString()}, "${takenBy}",`;
  return new MemodagError(
    "dag_run_exists",
    `The Dag "${dagId}" has ${wanted} already: choose another date, or run its tasks again with ` +
      `\`memodag tasks clear ${dagId} ${takenBy}\``,
    { fields: { team, dagId, runId: takenBy } },
  );
}

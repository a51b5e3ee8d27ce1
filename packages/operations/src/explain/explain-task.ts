// Explains why a task instance hit, or what changed when it missed.

import {
  instanceName,
  UNMAPPED,
  type CacheStorage,
  type DagRun,
  type RunStore,
  type SerializedDag,
  type SerializedTransaction,
  type TaskInstance,
} from "@memodag/core";
import type { RecordStore } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { isolationNotes } from "../dags/isolation-note.ts";
import { vouchedFor } from "../dags/vouched-for.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { getInstance } from "../tasks/find-instance.ts";
import type { InstanceName } from "../tasks/instance-name.ts";
import { RunCauses, type Cause, type CauseGroup } from "./causes.ts";
import { explanationText } from "./explanation-text.ts";
import { explainInstance, type Explanation } from "./explanation.ts";

/** An explanation with its sentences. */
export interface ExplainedTask extends Explanation {
  /** The first upstream task whose result changed, if that is the cause. */
  readonly cause?: Cause;
  /** The stores that the task names. Absent: the deployment's. */
  readonly storage?: CacheStorage;
  /** One line: hit or miss, and why. */
  readonly verdict: string;
  /** Advice; `null` when there is nothing to add to the verdict. */
  readonly advice: string | null;
  /** Sentences on the dependencies that the task's author vouches for, as its key leaves them out. Absent: none. */
  readonly vouchedFor?: readonly string[];
  /** Sentences on how instances with its key are kept apart. Absent: they may run at the same time. */
  readonly isolation?: readonly string[];
}

/**
 * Explains one instance.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`;
 *   `usage` for a mapped task without an index.
 */
export async function explainTask(
  context: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<ExplainedTask> {
  const { stores, clock } = context;
  const run = await getRun(stores, name);
  const { dag } = await stores.dags.getDagVersion(run.dagVersionId);
  const group = recordedTogether(dag, taskId);
  const isWhole = group?.transactionId === taskId;
  const instance =
    (isWhole && (await findAsked(stores.runs, run, group))) ||
    (await getInstance(stores.runs, run, taskId, mapIndex));
  // A transaction with one record is looked up for all of its tasks.
  const decided = group ? { taskId: group.transactionId, mapIndex: UNMAPPED } : instance;
  const decision = await stores.decisions.find(run.team, run.id, decided);
  const explanation = explainInstance(instance, decision);
  const isHit = explanation.reason === "hit";
  const { cache = null } = dag.tasks.find((task) => task.taskId === taskId) ?? {};
  const storage = storageOf(cache);
  const causes = explanation.reason === "input_changed" && !group ? await causesOf(context, run) : null;
  const cause = causes?.causeOf(instance) ?? null;
  const { verdict, advice } = explanationText({
    name: isWhole ? taskId : instanceName(taskId, instance.mapIndex),
    runId: run.runId,
    explanation,
    savedMs: instance.savedMs,
    ageMs: clock.now() - run.createdAt,
    keptMs: context.settings.retention().explanationsMs,
    entryAgeMs: isHit ? await ageOf(recordsOf(context, storage), run.team, explanation.key) : null,
    cause,
    storage,
    // The inputs of a transaction may be results of tasks, which must not be suggested for exclusion.
    ...(group && { ownInputs: [] }),
    ...(causes && { ownInputs: causes.ownInputs(instance) }),
  });
  const vouched = vouchedFor(taskId, cache);
  const isolation = isolationNotes(taskId, cache);
  return {
    ...explanation,
    ...(cause && { cause }),
    ...(storage && { storage }),
    verdict,
    advice,
    ...(vouched.length > 0 && { vouchedFor: vouched }),
    ...(isolation.length > 0 && { isolation }),
  };
}

/** The instances of a run by cause. */
export interface ExplainedRun {
  readonly dagId: string;
  readonly runId: string;
  /** The largest first. */
  readonly groups: readonly CauseGroup[];
}

/**
 * Explains all instances of a run.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`.
 */
export async function explainRun(context: OperationContext, name: RunName): Promise<ExplainedRun> {
  const run = await getRun(context.stores, name);
  const { dagId, runId } = run;
  return { dagId, runId, groups: (await causesOf(context, run)).groups() };
}

async function causesOf({ stores }: OperationContext, run: DagRun): Promise<RunCauses> {
  const { runs, dags, decisions } = stores;
  const { dag } = await dags.getDagVersion(run.dagVersionId);
  const instances = await runs.listTaskInstances(run.team, run.id);
  const decided = await decisions.listOfRun(run.team, run.id);
  const together = dag.transactions?.filter(({ cache }) => cache) ?? [];
  return new RunCauses({
    tasks: dag.tasks,
    instances,
    decisions: decided.flatMap((decision) => {
      const group = together.find(({ transactionId }) => transactionId === decision.taskId);
      if (!group) return [decision];
      const members = instances.filter(({ taskId }) => group.taskIds.includes(taskId));
      return members.map(({ taskId, mapIndex }) => ({ ...decision, taskId, mapIndex }));
    }),
  });
}

/** The transaction with one record that a task is in, or that has this id. */
function recordedTogether(
  { transactions = [] }: SerializedDag,
  taskId: string,
): SerializedTransaction | undefined {
  return transactions.find(
    ({ transactionId, taskIds, cache }) => cache && (transactionId === taskId || taskIds.includes(taskId)),
  );
}

/** An instance of a transaction that was looked up with it, or else one that was not. */
async function findAsked(
  runs: Pick<RunStore, "listTaskInstances">,
  run: DagRun,
  { taskIds }: SerializedTransaction,
): Promise<TaskInstance | undefined> {
  const instances = await runs.listTaskInstances(run.team, run.id);
  const members = instances.filter(({ taskId }) => taskIds.includes(taskId));
  return members.find(({ cacheKey, state }) => cacheKey !== null && state !== "skipped") ?? members[0];
}

/** Undefined if a task names no store. */
function storageOf(cache: CacheStorage | null): CacheStorage | undefined {
  const { keyStorage, resultStorage } = cache ?? {};
  if (keyStorage === undefined && resultStorage === undefined) return undefined;
  return { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) };
}

function recordsOf({ stores }: OperationContext, storage: CacheStorage | undefined): RecordStore {
  return storage?.keyStorage === undefined ? stores.records : stores.namedRecords(storage.keyStorage);
}

async function ageOf(records: RecordStore, team: string, key: string | null): Promise<number | null> {
  if (key === null) return null;
  try {
    return (await records.find(team, [key])).get(key)?.ageMs ?? null;
  } catch {
    // The cache may be unreachable, which does not affect what was decided.
    return null;
  }
}

// Deletes runs that a user names, with everything that belongs to them.

import { MemodagError, type DagRun, type RunRemoval, type XCom } from "@memodag/core";
import { newAct } from "../act.ts";
import { openCollector } from "../cache/collection.ts";
import type { OperationContext } from "../context.ts";
import type { DagName } from "../dags/find-dag.ts";
import { getRun } from "../runs/find-run.ts";
import { drainRows, removeLogs } from "./drain.ts";
import { addRemoved, type Removed } from "./removed.ts";

/** The runs to delete. */
export interface DeleteRunsInput extends DagName {
  /** Ids, beginnings of ids, or `latest`. */
  readonly runIds: readonly string[];
}

/**
 * Deletes runs: all of them, or none. Their results stay where a record of the cache or another run refers to them.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `dag_run_ambiguous`;
 * `run_needed` for a run that is in progress, or that one in progress waits for
 */
export async function deleteRuns(
  context: OperationContext,
  { runIds, ...name }: DeleteRunsInput,
): Promise<Removed> {
  const { stores, actor, logs } = context;
  const runs = new Map<number, DagRun>();
  for (const runId of runIds) {
    const run = await getRun(stores, { ...name, runId });
    runs.set(run.id, run);
  }
  const [first] = runs.values();
  if (!first) throw new MemodagError("usage", "no runs to delete: name at least one");
  const { team, dagId } = first;
  const ids = [...runs.keys()];
  const xcoms: XCom[] = [];
  for (const id of ids) for (const xcom of await stores.runs.listXComs(team, id)) xcoms.push(xcom);
  const rows = await stores.runRetention.count(ids);
  const named = [...runs.values()].map(({ runId }) => runId);
  const act = newAct(actor, "runs.delete", team, { dagId, runIds: named });
  const outcome = await stores.runRetention.removeRuns(team, ids, act);
  if (outcome.kind === "refused") throw whyKept(outcome, runs.get(outcome.id) ?? first);
  const removed = await removeLogs(logs, [...runs.values()]);
  // If this process is killed, the next collection of a scheduler does the rest.
  await drainRows(stores.runRetention, { ids });
  const collector = await openCollector(stores, context.settings);
  const freed = await collector.collectUnnamed(
    team,
    xcoms.map(({ digest }) => digest),
  );
  return addRemoved(removed, { ...rows, runs: ids.length, bytes: freed.sizeBytes });
}

function whyKept(
  { obstacle, state }: Extract<RunRemoval, { kind: "refused" }>,
  { dagId, runId }: DagRun,
): MemodagError {
  const name = `Run "${runId}" of Dag "${dagId}"`;
  const fields = { dagId, runId, obstacle, state };
  switch (obstacle) {
    case "missing":
      return new MemodagError("dag_run_not_found", `${name} was deleted already; nothing was deleted now`, {
        fields,
      });
    case "in_progress":
      return needed(
        `${name} is ${state}: wait for its end, or end it with \`memodag runs cancel ${dagId} ${runId}\``,
        fields,
      );
    case "ending":
      return needed(
        `${name} was cancelled, and its scheduler is ending its attempts: try again in a moment; the lease of a ` +
          "scheduler that was killed expires within a minute",
        fields,
      );
    case "transaction_open":
      return needed(
        `${name} has a transaction that has not been committed or rolled back yet: start a scheduler, which ends it, ` +
          "and try again",
        fields,
      );
    case "callbacks_owed":
      return needed(
        `${name} has callbacks that were not called yet: start a scheduler, which calls them, and try again`,
        fields,
      );
    case "awaited":
      return needed(
        `${name} was created by a task of a run that is in progress, which may wait for it: delete it when that run ` +
          "has ended",
        fields,
      );
  }
}

function needed(problem: string, fields: MemodagError["fields"]): MemodagError {
  return new MemodagError("run_needed", `${problem}. Nothing was deleted.`, { fields });
}

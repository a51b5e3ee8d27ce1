// Selects entries of the cache; shared by listing, statistics and purging.

import { MemodagError } from "@memodag/core";
import {
  readableScope,
  type AllRecords,
  type ProducingRun,
  type RecordFilter,
  type Scopes,
} from "@memodag/result-cache";
import type { Stores } from "../context.ts";
import { findTeam } from "../dags/find-dag.ts";
import { findRun } from "../runs/find-run.ts";
import { getRecord } from "./find-record.ts";

type SelectionStores = Pick<Stores, "runs" | "dags"> & { readonly records: AllRecords };

/** Selects entries. Strings are matched exactly, except for names of runs and prefixes of keys. */
export interface CacheSelection {
  /** The scope of the entries. Absent: that of the deployment. */
  readonly scope?: string | undefined;
  readonly team?: string | undefined;
  readonly dagId?: string | undefined;
  readonly taskId?: string | undefined;
  /** The run that stored them, as `RunName` names one: together with `dagId`, or `DAG/RUN`. */
  readonly run?: string | undefined;
  /** A key, or a unique prefix of one. */
  readonly key?: string | undefined;
  readonly sourceHash?: string | undefined;
  readonly olderThanMs?: number | undefined;
  /** Only entries that no task can hit any more. */
  readonly expired?: boolean | undefined;
}

/**
 * The filter for a selection; empty when the selection is.
 * @throws MemodagError `cache_key_ambiguous`, `cache_key_not_found` for a key prefix; `usage` for a run
 * without its Dag; `dag_ambiguous` for a run that several teams have; `dag_run_ambiguous`; `scope_not_readable`.
 */
export async function toRecordFilter(
  stores: SelectionStores,
  scopes: Scopes,
  selection: CacheSelection,
): Promise<RecordFilter> {
  const { records } = stores;
  const { dagId, taskId, key, sourceHash, olderThanMs, expired } = selection;
  const inScope = scopeFilter(scopes, selection.scope);
  const named = findProducingRun(selection);
  const run = named && (await completeRun(stores, inScope, selection.team, named));
  const team = selection.team ?? (run && (await findTeamOf(records, inScope, run)));
  const wholeKey = key === undefined ? undefined : await completeKey(records, inScope, key, team);
  return {
    ...inScope,
    ...(team !== undefined && { team }),
    ...(dagId !== undefined && { dagId }),
    ...(taskId !== undefined && { taskId }),
    ...(run !== undefined && { run }),
    ...(wholeKey !== undefined && { key: wholeKey }),
    ...(sourceHash !== undefined && { sourceHash }),
    ...(olderThanMs !== undefined && { olderThanMs }),
    ...(expired === true && { expired }),
  };
}

/**
 * The part of a filter that says which scope is read; empty for that of the deployment.
 * @throws MemodagError `scope_not_readable`
 */
export function scopeFilter(scopes: Scopes, scope: string | undefined): Pick<RecordFilter, "scope"> {
  const name = readableScope(scopes, scope);
  return name === scopes.own ? {} : { scope: name };
}

/** The run given with `--run`. Runs of one date have the same id in every Dag, so the Dag is required. */
function findProducingRun({ dagId: dag, run }: CacheSelection): ProducingRun | undefined {
  if (run === undefined) return undefined;
  if (dag !== undefined) return { dagId: dag, runId: run };
  const [, dagId, runId] = /^([^/]+)\/(.+)$/s.exec(run) ?? [];
  if (dagId !== undefined && runId !== undefined) return { dagId, runId };
  throw new MemodagError(
    "usage",
    `--run ${run} does not identify a run: runs of several Dags may have that id; ` +
      `add --dag, or use --run DAG/${run}`,
  );
}

/** The run that a name stands for. Entries may outlive their run, or be of another database's: their id wins. */
async function completeRun(
  { records, runs, dags }: SelectionStores,
  inScope: Pick<RecordFilter, "scope">,
  team: string | undefined,
  run: ProducingRun,
): Promise<ProducingRun> {
  if ((await records.count({ ...inScope, run, ...(team !== undefined && { team }) })) > 0) return run;
  const { dagId, runId } = run;
  const found = await findRun(runs, { team: await findTeam(dags, { dagId, team }), dagId, runId });
  return found ? { dagId, runId: found.runId } : run;
}

/** The team that has entries of a run; undefined when there is none. */
async function findTeamOf(
  records: AllRecords,
  inScope: Pick<RecordFilter, "scope">,
  run: ProducingRun,
): Promise<string | undefined> {
  const teams = new Set((await records.stats({ ...inScope, run })).map(({ team }) => team));
  if (teams.size <= 1) return [...teams][0];
  const names = [...teams].sort().join(", ");
  throw new MemodagError(
    "dag_ambiguous",
    `Several teams have entries of run "${run.runId}" of a Dag "${run.dagId}" (${names}): choose one with --team`,
    { fields: { ...run, teams: [...teams] } },
  );
}

const WHOLE_KEY = 64;

async function completeKey(
  records: AllRecords,
  inScope: Pick<RecordFilter, "scope">,
  key: string,
  team: string | undefined,
): Promise<string> {
  if (key.length === WHOLE_KEY) return key;
  return (await getRecord(records, key, team, inScope)).key;
}

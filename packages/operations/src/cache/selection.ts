// Which entries of the cache are meant; the same for listing, for sums and for purging.

import { MemodagError } from "@memodag/core";
import type { ProducingRun, RecordFilter, RecordStore } from "@memodag/result-cache";
import { getRecord } from "./find-record.ts";

/** Narrows which entries are meant. All text is matched whole, but for the first digits of a key. */
export interface CacheSelection {
  readonly team?: string | undefined;
  readonly dagId?: string | undefined;
  readonly taskId?: string | undefined;
  /** The run that stored them: its id with `dagId`, or `DAG/RUN`. */
  readonly run?: string | undefined;
  /** A key, or its first digits where only one begins so. */
  readonly key?: string | undefined;
  readonly sourceHash?: string | undefined;
  readonly olderThanMs?: number | undefined;
  /** Entries that no task can hit any more. */
  readonly expired?: boolean | undefined;
}

/**
 * The filter that a selection makes; an empty one when it does not narrow anything.
 * @throws MemodagError `cache_key_ambiguous`, `cache_key_not_found` for first digits of a key; `usage` for a run
 *   without its Dag; `dag_ambiguous` for a run that several teams have.
 */
export async function toRecordFilter(records: RecordStore, selection: CacheSelection): Promise<RecordFilter> {
  const { dagId, taskId, key, sourceHash, olderThanMs, expired } = selection;
  const run = findProducingRun(selection);
  const team = selection.team ?? (run && (await findTeamOf(records, run)));
  const wholeKey = key === undefined ? undefined : await completeKey(records, key, team);
  return {
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

/** The run that `--run` names. Runs of one date have the same id in every Dag, so the Dag has to be said. */
function findProducingRun({ dagId: dag, run }: CacheSelection): ProducingRun | undefined {
  if (run === undefined) return undefined;
  if (dag !== undefined) return { dagId: dag, runId: run };
  const [, dagId, runId] = /^([^/]+)\/(.+)$/s.exec(run) ?? [];
  if (dagId !== undefined && runId !== undefined) return { dagId, runId };
  throw new MemodagError(
    "usage",
    `--run ${run} does not say of which Dag: runs of several Dags may have that id; ` +
      `add --dag, or write --run DAG/${run}`,
  );
}

/** The one team that has entries of a run; undefined when there are none. */
async function findTeamOf(records: RecordStore, run: ProducingRun): Promise<string | undefined> {
  const teams = new Set((await records.stats({ run })).map(({ team }) => team));
  if (teams.size <= 1) return [...teams][0];
  const names = [...teams].sort().join(", ");
  throw new MemodagError(
    "dag_ambiguous",
    `Several teams have entries of run "${run.runId}" of a Dag "${run.dagId}" (${names}): say which with --team`,
    { fields: { ...run, teams: [...teams] } },
  );
}

const WHOLE_KEY = 64;

async function completeKey(records: RecordStore, key: string, team: string | undefined): Promise<string> {
  if (key.length === WHOLE_KEY) return key;
  return (await getRecord(records, key, team)).key;
}

// Options that say which entries of the cache are meant; the same for listing and for purging.

import { MemodagError } from "@memodag/core";
import type { ProducingRun, RecordFilter, RecordStore } from "@memodag/result-cache";
import type { Command } from "commander";
import { type TeamOptions } from "./common-options.ts";
import { parseAge, parseDigest } from "./parse-arguments.ts";

/** The options of {@link withFilterOptions}. */
export interface FilterOptions extends TeamOptions {
  readonly dag?: string;
  readonly task?: string;
  readonly run?: string;
  readonly key?: string;
  readonly sourceHash?: string;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly expired?: boolean;
}

/** Adds the options that narrow which entries are meant. All text is matched whole. */
export function withFilterOptions(command: Command): Command {
  return command
    .option("--dag <id>", "entries of this Dag")
    .option("--task <id>", "entries of tasks with this id")
    .option("--run <id>", "entries that this run of --dag stored; without --dag write DAG/RUN")
    .option("--key <digits>", "the entry with this key, or with these first digits", parseDigest)
    .option("--source-hash <digest>", "entries of this version of the code", parseDigest)
    .option("--older-than <age>", 'entries older than this, such as "7d"', parseAge)
    .option("--expired", "entries that no task can hit any more");
}

/**
 * The filter that the options make; an empty one when there are none.
 * @throws MemodagError `cache_key_ambiguous`, `cache_key_not_found` for first digits of a key; `usage` for a run
 *   without its Dag; `dag_ambiguous` for a run that several teams have.
 */
export async function toRecordFilter(
  { records }: { readonly records: RecordStore },
  options: FilterOptions,
): Promise<RecordFilter> {
  const { dag, task, key, sourceHash, olderThan, expired } = options;
  const run = findProducingRun(options);
  const team = options.team ?? (run && (await findTeamOf(records, run)));
  const wholeKey = key === undefined ? undefined : await completeKey(records, key, team);
  return {
    ...(team !== undefined && { team }),
    ...(dag !== undefined && { dagId: dag }),
    ...(task !== undefined && { taskId: task }),
    ...(run !== undefined && { run }),
    ...(wholeKey !== undefined && { key: wholeKey }),
    ...(sourceHash !== undefined && { sourceHash }),
    ...(olderThan !== undefined && { olderThanMs: olderThan }),
    ...(expired === true && { expired }),
  };
}

/** The run that `--run` names. Runs of one date have the same id in every Dag, so the Dag has to be said. */
function findProducingRun({ dag, run }: FilterOptions): ProducingRun | undefined {
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
  const { getRecord } = await import("@memodag/operations/cache");
  return (await getRecord(records, key, team)).key;
}

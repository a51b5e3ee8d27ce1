// Options that select cache entries; shared by listing, statistics and purging.

import type { CacheSelection } from "@memodag/operations/cache";
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
  readonly scope?: string;
}

/** Adds the options that narrow which entries are meant. */
export function withFilterOptions(command: Command): Command {
  return command
    .option("--dag <id>", "entries of this Dag")
    .option("--task <id>", "entries of tasks with this id")
    .option(
      "--run <id>",
      'entries that this run of --dag stored, by its id, the beginning of one, or "latest"; without --dag write DAG/RUN',
    )
    .option("--key <digits>", "the entry with this key, or with these first digits", parseDigest)
    .option("--source-hash <digest>", "entries of this version of the code", parseDigest)
    .option("--older-than <age>", 'entries older than this, such as "7d"', parseAge)
    .option("--expired", "entries that no task can hit any more")
    .option("--scope <name>", "entries of this scope; default: that of the config");
}

/** The selection that the options make. */
export function toSelection(options: FilterOptions): CacheSelection {
  const { team, dag, task, run, key, sourceHash, olderThan, expired, scope } = options;
  return { team, dagId: dag, taskId: task, run, key, sourceHash, olderThanMs: olderThan, expired, scope };
}

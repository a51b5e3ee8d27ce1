// Options of commands that make runs, and what they ask for.

import type { Command } from "commander";
import { MemodagError, type CacheMode, type JsonObject, type RunCacheLimits } from "@memodag/core";
import type { RunRequest } from "@memodag/operations/runs";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { collect, parseAge, parseConf, parseParam, parseShare } from "./parse-arguments.ts";

/** For commands that make runs. */
export interface RunOptions extends TeamOptions {
  readonly conf?: string;
  readonly param?: JsonObject;
  readonly refreshCache?: boolean;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  /** Milliseconds. */
  readonly cacheTtl?: number;
  /** False with `--no-cached-errors`. */
  readonly cachedErrors: boolean;
  /** From 0 to 1. */
  readonly recheck?: number;
  /** Task ids. */
  readonly refreshTask?: readonly string[];
}

/** Adds the Dag's id and what is said about its runs. */
export function withRunOptions(command: Command): Command {
  return withTeamOptions(command)
    .argument("<dag>", "the Dag's id")
    .option("--conf <json>", "a JSON object that tasks find in dagRun.conf")
    .option("--param <name=value>", "a param of the Dag; again for another", parseParam)
    .option("--refresh-cache", "run every task and remember its result anew")
    .option("--refresh-task <task>", "run this task and remember its result anew; again for another", collect)
    .option("--no-cache", "run every task and leave the cache alone")
    .option(
      "--recheck <share>",
      "run this share of hits that rest on what authors vouch for, and compare",
      parseShare,
    )
    .option("--cache-ttl <age>", 'take no cached result older than this, such as "2h"', parseAge)
    .option("--no-cached-errors", "take no remembered failure in place of running a task");
}

/**
 * The request that the options make.
 * @throws MemodagError `conf_invalid`, `usage`.
 */
export function toRunRequest(dagId: string, options: RunOptions): RunRequest {
  return {
    dagId,
    team: options.team,
    conf: options.conf === undefined ? undefined : parseConf(options.conf),
    params: options.param,
    cacheMode: cacheModeOf(options),
    cacheLimits: cacheLimitsOf(options),
  };
}

function cacheModeOf({ refreshCache, cache }: RunOptions): CacheMode {
  if (refreshCache && !cache) {
    throw new MemodagError("usage", "--refresh-cache and --no-cache exclude each other: leave one out");
  }
  return refreshCache ? "refresh" : cache ? "use" : "off";
}

function cacheLimitsOf({
  cacheTtl,
  cachedErrors,
  refreshTask,
  recheck,
}: RunOptions): RunCacheLimits | undefined {
  if (cacheTtl === undefined && cachedErrors && !refreshTask && recheck === undefined) return undefined;
  return {
    ...(cacheTtl !== undefined && { ttlMs: cacheTtl }),
    ...(!cachedErrors && { errors: false }),
    ...(refreshTask && { refresh: [...new Set(refreshTask)].sort() }),
    ...(recheck !== undefined && { recheck }),
  };
}

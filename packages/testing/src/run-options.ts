// Options of a test's runs, and how a run's own options are merged with them.

import { findIsoTime, MemodagError, type CacheMode, type JsonObject } from "@memodag/core";
import type { TestAnswers } from "./answers.ts";
import type { Mocks } from "./mocks.ts";

/** Options of a run in a test. */
export interface TestRunOptions {
  /** Replacements of tasks by id: a value, or a function of the task's arguments. */
  readonly mocks?: Mocks;
  /** Answers of tasks that ask a person, by task id. Without one, time runs out. */
  readonly answers?: TestAnswers;
  readonly conf?: JsonObject;
  /** Overrides of the Dag's defaults. */
  readonly params?: JsonObject;
  /** An ISO 8601 string or a Date; `null`: none. Default: the test's time. */
  readonly logicalDate?: Date | string | null;
  /** `refresh` runs everything and stores it again; `off` bypasses the cache. Default: `use`. */
  readonly cache?: CacheMode;
  /** The environment for cache keys. Default: empty. */
  readonly env?: Readonly<Record<string, string>>;
  /** The variables that `getVariable` returns. Default: none. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * Stands for a task's code in its cache key, by task id. A different string simulates a code change.
   */
  readonly code?: Readonly<Record<string, string>>;
}

/** Options with all defaults applied. */
export interface GivenOptions extends Required<Omit<TestRunOptions, "logicalDate">> {
  /** Milliseconds since the Unix epoch. */
  readonly logicalDate: number | null;
}

/**
 * Merges a run's options with those of all runs.
 * @param now the test's time, in milliseconds since the Unix epoch
 * @throws MemodagError `usage` for an invalid date
 */
export function giveOptions(all: TestRunOptions, own: TestRunOptions, now: number): GivenOptions {
  const logicalDate = own.logicalDate === undefined ? all.logicalDate : own.logicalDate;
  return {
    mocks: { ...all.mocks, ...own.mocks },
    answers: { ...all.answers, ...own.answers },
    conf: { ...all.conf, ...own.conf },
    params: { ...all.params, ...own.params },
    logicalDate: logicalDate === null ? null : readTime("logicalDate", logicalDate ?? new Date(now)),
    cache: own.cache ?? all.cache ?? "use",
    env: { ...all.env, ...own.env },
    variables: { ...all.variables, ...own.variables },
    code: { ...all.code, ...own.code },
  };
}

/**
 * Parses a time given by a test to milliseconds since the Unix epoch.
 * @throws MemodagError `usage`
 */
export function readTime(name: string, value: Date | string): number {
  const time = value instanceof Date ? value.getTime() : findIsoTime(value);
  if (time !== undefined && !Number.isNaN(time)) return time;
  throw new MemodagError(
    "usage",
    `${name} is ${JSON.stringify(value)}, which is not a time: use ISO 8601, such as 2026-11-03T06:00Z`,
  );
}

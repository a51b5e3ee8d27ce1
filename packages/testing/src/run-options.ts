// What a test says of a run, and what comes of what it said of all runs beside it.

import { findIsoTime, MemodagError, type CacheMode, type JsonObject } from "@memodag/core";
import type { Mocks } from "./mocks.ts";

/** What a run in a test gets. */
export interface TestRunOptions {
  /** What tasks do in place of their own: a value, or a function of their arguments, by task id. */
  readonly mocks?: Mocks;
  readonly conf?: JsonObject;
  /** Laid over the Dag's defaults. */
  readonly params?: JsonObject;
  /** ISO 8601 or a Date; `null`: none. Default: the test's time. */
  readonly logicalDate?: Date | string | null;
  /** `refresh`: run everything and remember it anew; `off`: leave the cache alone. Default `use`. */
  readonly cache?: CacheMode;
  /** The environment as cache keys see it. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
  /** What `getVariable` finds. Default: nothing. */
  readonly variables?: Readonly<Record<string, string>>;
  /** By task id: stands for the task's code in its cache key. Another text is a change of the code. */
  readonly code?: Readonly<Record<string, string>>;
}

/** What a run gets, with nothing left open. */
export interface GivenOptions extends Required<Omit<TestRunOptions, "logicalDate">> {
  /** Milliseconds since the Unix epoch. */
  readonly logicalDate: number | null;
}

/**
 * Lays what was said of a run over what was said of all.
 * @param now the test's time, in milliseconds since the Unix epoch
 * @throws MemodagError `usage` for a date that is none
 */
export function giveOptions(all: TestRunOptions, own: TestRunOptions, now: number): GivenOptions {
  const logicalDate = own.logicalDate === undefined ? all.logicalDate : own.logicalDate;
  return {
    mocks: { ...all.mocks, ...own.mocks },
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
 * A time that a test writes, in milliseconds since the Unix epoch.
 * @throws MemodagError `usage`
 */
export function readTime(name: string, value: Date | string): number {
  const time = value instanceof Date ? value.getTime() : findIsoTime(value);
  if (time !== undefined && !Number.isNaN(time)) return time;
  throw new MemodagError(
    "usage",
    `${name} is ${JSON.stringify(value)}, which is no time: write one of ISO 8601, such as 2026-11-03T06:00Z`,
  );
}

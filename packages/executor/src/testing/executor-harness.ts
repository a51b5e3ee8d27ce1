// The harness of an executor under test: a way to open it, attempts to run, and a test runner.

import type { Attempt, Executor, JsonValue } from "@memodag/core";

/** A test runner: `{ describe, test }` of vitest, `node:test` or Jest. Failures are `AssertionError`s of `node:assert`. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => Promise<void>): unknown;
}

/** The task of an attempt: returns its argument, at once or when it is released. */
export interface AttemptPlan {
  readonly value: JsonValue;
  readonly waits: boolean;
}

/** An executor that runs nothing, for one test. */
export interface OpenExecutor {
  readonly executor: Executor;
  /** A new attempt in the default queue, submitted nowhere, that takes its value by reference. */
  attempt(plan: AttemptPlan): Attempt;
  /** Lets the task of an attempt that waits return, if it has begun or as soon as it does. */
  release(attemptId: string): void;
  /** Sets how many attempts may run at once, and lets the executor know. */
  setLimit(limit: number): void;
  /** Called once, when the test has ended. */
  close(): Promise<void>;
}

/** Opens executors. */
export interface ExecutorHarness {
  open(limit: number): Promise<OpenExecutor>;
  /** Milliseconds for which an event is waited for. Default: 30,000. */
  readonly patienceMs?: number;
}

// The harness of an engine under test: a queue to open both sides of, and a test runner.

import type { TestRunner } from "@memodag/executor/testing";
import type { AttemptFeed, DispatchEngine, FeedOptions, TakeAttempt } from "../dispatch-engine.ts";

export type { TestRunner };

/** The choices of a test for a feed. */
export type FeedPlan = Pick<FeedOptions, "queues" | "concurrency">;

/** A queue that has nothing in it, for one test. Both sides may be opened several times: all share the queue. */
export interface OpenQueue {
  openEngine(): Promise<DispatchEngine>;
  /** Where workers do not pull: something that starts them, at most so many at once. */
  openFeed(plan: FeedPlan, take: TakeAttempt): Promise<AttemptFeed>;
  /** Makes the queue lose all it has. */
  flush(): Promise<void>;
  /** Returns all that is stored, as text. */
  dump(): Promise<string>;
  /** Called once, when the test has ended and what it opened is closed. */
  close(): Promise<void>;
}

/** Opens queues. */
export interface EngineHarness {
  open(): Promise<OpenQueue>;
  /** Milliseconds for which something is waited for. Default: 30,000. */
  readonly patienceMs?: number;
}

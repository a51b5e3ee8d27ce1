// How attempts reach workers: a queue outside of memodag that carries their ids, and nothing else.
//
// It may lose, repeat and reorder what it carries. The metadata database decides what starts, so the worst that a
// queue can do is to delay an attempt until it is published again.

import type { Clock, Logger } from "@memodag/core";

/** An attempt that waits for a worker. */
export interface DispatchNotice {
  readonly attemptId: string;
  readonly queue: string;
  /** Larger first; from 1 to 1,000,000. */
  readonly priority: number;
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
}

/**
 * The scheduler's side of a queue. The contract is exported as tests by `@memodag/remote-executor/testing`. A method
 * that rejects is repeated.
 */
export interface DispatchEngine {
  /** Tells workers of attempts. Nothing happens for one that it still has. */
  publish(notices: readonly DispatchNotice[]): Promise<void>;
  /** Takes back attempts that no worker has taken; best effort. */
  withdraw(attempts: readonly Pick<DispatchNotice, "attemptId" | "queue">[]): Promise<void>;
  /** Returns those that it still has, waiting or taken: the others are published again. */
  listKnown(attempts: readonly Pick<DispatchNotice, "attemptId" | "queue">[]): Promise<ReadonlySet<string>>;
  /**
   * Hears why an attempt cannot begin, such as an image that does not exist: it ends as lost, and is made again.
   * Absent: never.
   */
  onTrouble?(listener: TroubleListener): void;
  /**
   * Tries whether it can be used. Returns what should be changed about it, for operators. Absent: it has nothing to try.
   * @throws if it cannot be used
   */
  check?(): Promise<readonly string[]>;
  /** How many attempts of a queue may be under way. Absent: as many as its living workers have places for. */
  capacity?(queue: string): number;
  close(): Promise<void>;
}

/** Hears of an attempt that cannot begin, and why. `only`: if no worker has
 * started it meanwhile. */
export type TroubleListener = (attemptId: string, reason: string, only?: "waiting") => void;

/** Where a queue has an attempt: for this worker to take, with another one, or nowhere. */
export type AttemptPlace = "here" | "held" | "absent";

/** A worker's side of a queue. */
export interface AttemptFeed {
  /**
   * Looks for an attempt over a connection of its own, so that a worker which is not given it can tell why. Absent:
   * unknown. @throws if the queue does not answer
   */
  lookFor?(attempt: Pick<DispatchNotice, "attemptId" | "queue">): Promise<AttemptPlace>;
  /** Takes nothing more. Resolves when each attempt that it has handed on is over. */
  close(): Promise<void>;
}

/**
 * Takes attempts one after another, each in a place of its own. Resolves when the attempt is over, or is not for this
 * host; rejects if it must be offered to workers again.
 */
export type TakeAttempt = (attemptId: string) => Promise<void>;

/** Options of both sides of an engine. */
export interface EngineOptions {
  /** `[executor] url`, or the content of `url_file`; empty if there is none. It may contain a password. */
  readonly url: string;
  /** The prefix of all names in the queue. */
  readonly prefix: string;
  /** `[executor] options`, or the content of `options_file`. */
  readonly options: string;
  /** Folder from which paths in `options` resolve. */
  readonly projectDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Options of a worker's side. */
export interface FeedOptions extends EngineOptions {
  readonly queues: readonly string[];
  /** Attempts that it hands on at once, of all queues together. */
  readonly concurrency: number;
}

/** The exports of a module that `[core] executor` names. */
export interface EngineModule {
  /** @throws MemodagError with what to change in the config */
  openDispatchEngine(options: EngineOptions): Promise<DispatchEngine>;
  /** Absent: workers do not pull; the engine starts a worker for each attempt, with its id as an option. */
  openAttemptFeed?(options: FeedOptions, take: TakeAttempt): Promise<AttemptFeed>;
}

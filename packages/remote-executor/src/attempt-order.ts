// The parts of an attempt that go to the queue, and those that go to the database.

import type { Attempt, AttemptOrder, RemoteAttemptStatus } from "@memodag/core";
import type { DispatchNotice } from "./dispatch-engine.ts";

/** The largest priority of a queue. */
const LARGEST_PRIORITY = 1_000_000;

/** Returns the notice of an attempt to a queue. */
export function noticeOf({
  attemptId,
  queue,
  team,
  dagId,
  taskId,
  priority = 1,
}:
  | Pick<Attempt, "attemptId" | "queue" | "team" | "dagId" | "taskId" | "priority">
  | RemoteAttemptStatus): DispatchNotice {
  const within = Math.min(Math.max(1, priority), LARGEST_PRIORITY);
  return { attemptId, queue, team, dagId, taskId, priority: within };
}

/** Returns the order of an attempt: a declared variable that is not set here is not set on the worker either. */
export function orderOf(attempt: Attempt, env: Readonly<Record<string, string | undefined>>): AttemptOrder {
  const names = attempt.command?.visibleEnv ?? attempt.declaredEnv ?? [];
  const declared = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { attempt, env: Object.fromEntries(declared) };
}

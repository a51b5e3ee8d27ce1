// What a handler throws to end its task otherwise than by a failure that is tried again.

/** Found by a registered symbol, so that copies of this package in one process understand each other. */
const TASK_END = Symbol.for("memodag.taskEnd");

/** How a thrown value ends a task: `fail`, with no other attempt; `skip`. */
type TaskEnd = "fail" | "skip";

/**
 * Thrown by a handler, fails the task at once: the retries that are left are not used. For what another
 * attempt would not mend, such as a request that was refused.
 */
export class FailTask extends Error {
  override readonly name: string = "FailTask";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    markEnd(this, "fail");
  }
}

/**
 * Thrown by a handler, ends the task in state `skipped`: there was nothing to do. Its downstream goes on by
 * its trigger rules, and nothing is remembered.
 */
export class SkipTask extends Error {
  override readonly name: string = "SkipTask";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    markEnd(this, "skip");
  }
}

/** Hidden from who prints the error. */
function markEnd(error: Error, end: TaskEnd): void {
  Object.defineProperty(error, TASK_END, { value: end });
}

/** How a thrown value ends the task; `undefined`: as any error does. */
export function findTaskEnd(thrown: unknown): TaskEnd | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const end: unknown = (thrown as { [TASK_END]?: unknown })[TASK_END];
  return end === "fail" || end === "skip" ? end : undefined;
}

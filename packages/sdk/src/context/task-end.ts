// Errors that end a task without a retry.

/**
 * Registered symbol, so that copies of this package in one process recognize each other's errors.
 */
const TASK_END = Symbol.for("memodag.taskEnd");

/** How a thrown error ends a task: `fail` without another attempt, or `skip`. */
type TaskEnd = "fail" | "skip";

/**
 * Fails the task at once when thrown by a handler; remaining retries are not used. Use it for
 * failures that another attempt cannot fix.
 *
 * @example
 * ```ts
 * if (response.status === 403) throw new FailTask(`access to ${url} denied`);
 * ```
 */
export class FailTask extends Error {
  override readonly name: string = "FailTask";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    markEnd(this, "fail");
  }
}

/**
 * Ends the task in state `skipped` when thrown by a handler. Downstream tasks follow their trigger
 * rules, and nothing is cached.
 *
 * @example
 * ```ts
 * if (rows.length === 0) throw new SkipTask("no new rows");
 * ```
 */
export class SkipTask extends Error {
  override readonly name: string = "SkipTask";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    markEnd(this, "skip");
  }
}

/** Not enumerable, so that it does not show when the error is printed. */
function markEnd(error: Error, end: TaskEnd): void {
  Object.defineProperty(error, TASK_END, { value: end });
}

/** Returns how a thrown error ends the task, or `undefined` for an ordinary error. */
export function findTaskEnd(thrown: unknown): TaskEnd | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const end: unknown = (thrown as { [TASK_END]?: unknown })[TASK_END];
  return end === "fail" || end === "skip" ? end : undefined;
}

// What stands in for tasks in a test, and what stands for their code in cache keys.

import { canonicalForm, MemodagError, sha256, type Digest, type JsonValue } from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { listHandlers, listTaskIds, type AnyHandler } from "@memodag/sdk/runtime";

/** What a task does in a test: a value that it returns, or a function of its named arguments. */
export type Mock = JsonValue | ((args: never) => unknown);

/** Mocks by task id. */
export type Mocks = Readonly<Record<string, Mock>>;

/**
 * The handlers that stand in for tasks.
 * @throws MemodagError `task_not_found` for a task that the Dag does not have; `usage` for one that cannot
 *   run in this process and has no mock; `value_not_json` for a value outside JSON
 */
export function readMocks(dag: Dag, mocks: Mocks): Map<string, AnyHandler> {
  const taskIds = listTaskIds(dag);
  const unknown = Object.keys(mocks).filter((taskId) => !taskIds.includes(taskId));
  if (unknown.length > 0) {
    throw new MemodagError(
      "task_not_found",
      `Dag "${dag.dagId}" has no task ${quoted(unknown)} to mock: its tasks are ${taskIds.join(", ")}`,
      { fields: { dagId: dag.dagId, unknown } },
    );
  }
  const handlers = listHandlers(dag);
  const ids = taskIds.filter((taskId) => !handlers.has(taskId) && !Object.hasOwn(mocks, taskId));
  if (ids.length > 0) {
    throw new MemodagError(
      "usage",
      `${quoted(ids)} of Dag "${dag.dagId}" ${ids.length === 1 ? "runs" : "run"} outside of a test's process, ` +
        `a program or a run of another Dag: mock it, such as mocks: { ${ids[0]}: null }`,
      { fields: { dagId: dag.dagId, taskIds: ids } },
    );
  }
  return new Map(Object.entries(mocks).map(([taskId, mock]) => [taskId, handlerOf(mock)]));
}

function handlerOf(mock: Mock): AnyHandler {
  if (typeof mock === "function") return mock;
  const value = canonicalForm(mock);
  return () => value;
}

function quoted(taskIds: readonly string[]): string {
  return taskIds.map((taskId) => `"${taskId}"`).join(", ");
}

/**
 * Source hashes for tests. Nothing analyses code here: a handler is the function that it is, so that a
 * mock never hits what another left, and the same Dag hits from run to run. A mocked value is its value.
 */
export class CodeIdentities {
  readonly #numbers = new WeakMap<AnyHandler, number>();
  #last = 0;

  /** Digest that stands for a task's code; `version` for another code of the same function. */
  digestOf(handler: AnyHandler, mock: Mock | undefined, version: string | undefined): Digest {
    const code =
      mock === undefined || typeof mock === "function"
        ? `function ${this.#numberOf(handler)}`
        : `value ${JSON.stringify(canonicalForm(mock))}`;
    return sha256(JSON.stringify([code, version ?? null]));
  }

  #numberOf(handler: AnyHandler): number {
    const known = this.#numbers.get(handler);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(handler, this.#last);
    return this.#last;
  }
}

// Mocks of tasks, and the identities of their code in cache keys.

import { canonicalForm, MemodagError, sha256, type Digest, type JsonValue } from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { listHandlers, listHitl, listTaskIds, type AnyHandler } from "@memodag/sdk/runtime";

/** The behavior of a task in a test: a value to return, or a function of its named arguments. */
export type Mock = JsonValue | ((args: never) => unknown);

/** Mocks by task id. */
export type Mocks = Readonly<Record<string, Mock>>;

/**
 * Returns the handlers for the mocks.
 * @throws MemodagError `task_not_found` for a task that the Dag does not have; `usage` for a task without
 *   mock that cannot run in this process; `value_not_json` for a mocked value that is not JSON
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
  const runnable = new Set([...listHandlers(dag).keys(), ...listHitl(dag).keys()]);
  const ids = taskIds.filter((taskId) => !runnable.has(taskId) && !Object.hasOwn(mocks, taskId));
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
 * Source hashes for tests. Code is not analysed: a handler is identified by its function object, so a
 * mock never hits a result of another one, and the same Dag hits across runs. A mocked value is
 * identified by its value.
 */
export class CodeIdentities {
  readonly #numbers = new WeakMap<object, number>();
  #last = 0;

  /** Returns the digest that identifies a task's code. `version` simulates a change of the code. */
  digestOf(handler: object | undefined, mock: Mock | undefined, version: string | undefined): Digest {
    const code =
      mock === undefined || typeof mock === "function"
        ? `function ${handler ? this.#numberOf(handler) : "none"}`
        : `value ${JSON.stringify(canonicalForm(mock))}`;
    return sha256(JSON.stringify([code, version ?? null]));
  }

  #numberOf(handler: object): number {
    const known = this.#numbers.get(handler);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(handler, this.#last);
    return this.#last;
  }
}

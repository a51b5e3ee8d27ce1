// Calls key functions in the test's own process, and remembers answers of pure ones for its runs.

import {
  assembleSharedArguments,
  messageOf,
  readAttemptInputs,
  type Digest,
  type JsonValue,
  type KeyAnswer,
  type KeyAnswers,
  type KeyMaker,
  type KeyMemos,
  type KeyOrder,
  type ValueReader,
} from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { callKeyFunction, listKeyFunctions } from "@memodag/sdk/runtime";

/** Calls the key functions of one Dag, one after another. */
export class InProcessKeys implements KeyMaker {
  readonly runtime = "this process";
  readonly #dag: Dag;
  readonly #values: ValueReader;

  constructor(dag: Dag, values: ValueReader) {
    this.#dag = dag;
    this.#values = values;
  }

  async ask(order: KeyOrder): Promise<KeyAnswers> {
    const functions = listKeyFunctions(this.#dag);
    const parsed = new Map<string, JsonValue>();
    const results = await readAttemptInputs(order, this.#values);
    const answers: KeyAnswer[] = [];
    for (const { taskId, args, context } of order.questions) {
      try {
        const given = assembleSharedArguments({ args, results }, parsed);
        answers.push(await callKeyFunction(functions.get(taskId), given, context));
      } catch (error) {
        answers.push({ kind: "failed", what: messageOf(error) });
      }
    }
    return { answers, packages: [], processesStarted: 0 };
  }
}

/** Remembers answers in memory. */
export class MemoryKeyMemos implements KeyMemos {
  readonly #answers = new Map<Digest, string>();

  async find(_team: string, memos: readonly Digest[]): Promise<ReadonlyMap<Digest, string>> {
    return new Map(
      memos.flatMap((memo) => {
        const answer = this.#answers.get(memo);
        return answer === undefined ? [] : [[memo, answer] as const];
      }),
    );
  }

  async put(_team: string, answers: ReadonlyMap<Digest, string>): Promise<void> {
    for (const [memo, answer] of answers) this.#answers.set(memo, answer);
  }
}

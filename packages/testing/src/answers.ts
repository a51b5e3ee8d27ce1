// Answers to the requests of a Dag under test, which no person has to give.

import {
  digestOfRequest,
  MemodagError,
  readHumanRequest,
  type AttemptQueries,
  type Clock,
  type HumanRequest,
  type JsonObject,
} from "@memodag/core";
import { checkAnswer, type ProposedAnswer } from "@memodag/scheduler";
import type { Dag } from "@memodag/sdk";
import { listHitl } from "@memodag/sdk/runtime";

/** An answer: an option, several, or options with fields of the form and a name. */
export type TestAnswer =
  | string
  | readonly string[]
  | {
      readonly options: string | readonly string[];
      /** Fields of the form. Those left out keep their values. */
      readonly params?: JsonObject;
      /** Who answers. Default: the first to whom the request is assigned, or `tester`. */
      readonly by?: string;
    };

/**
 * Answers by task id, or functions of what is shown. `null`: no one answers, and time runs out.
 */
export type TestAnswers = Readonly<
  Record<string, TestAnswer | null | ((request: HumanRequest) => TestAnswer | null)>
>;

const TESTER = "tester";

/**
 * Checks that everything that will be asked is answered, or has a time limit.
 * @throws MemodagError `task_not_found` for an answer to a task that does not ask; `usage` for a task that
 *   would wait without limit, and for a mock of one that asks
 */
export function requireAnswers(dag: Dag, answers: TestAnswers, mocked: readonly string[]): void {
  const asking = listHitl(dag);
  const other = Object.keys(answers).find((taskId) => !asking.has(taskId));
  if (other !== undefined) {
    const known = asking.size === 0 ? "it has none" : `they are ${[...asking.keys()].join(", ")}`;
    throw new MemodagError(
      "task_not_found",
      `Dag "${dag.dagId}" has no task "${other}" that waits for an answer: ${known}`,
      { fields: { dagId: dag.dagId, taskId: other } },
    );
  }
  for (const [taskId, { options, timeoutMs }] of asking) {
    const isAnswered = (answers[taskId] ?? null) !== null;
    if (!mocked.includes(taskId) && (isAnswered || timeoutMs !== null)) continue;
    const example = JSON.stringify(options[0]);
    const key = /^\w+$/.test(taskId) ? taskId : JSON.stringify(taskId);
    throw new MemodagError(
      "usage",
      `"${taskId}" of Dag "${dag.dagId}" waits for an answer from a person: answer it` +
        `${mocked.includes(taskId) ? " instead of mocking it" : ""}, such as answers: { ${key}: ${example} }`,
      { fields: { dagId: dag.dagId, taskId } },
    );
  }
}

/** Answers what is asked as soon as it is; what has no answer here waits for its time to run out. */
export function answerRequests(queries: AttemptQueries, answers: TestAnswers, clock: Clock): AttemptQueries {
  const { askHuman } = queries;
  if (!askHuman) return queries;
  return {
    ...queries,
    async askHuman(attempt, question) {
      const request = question.act === "open" ? readHumanRequest(question.text) : undefined;
      const answer = request && answerTo(request, answers[attempt.taskId]);
      if (!request || !answer) return await askHuman(attempt, question);
      const { chosen, params, user } = await checkAnswer(request, answer, () => false);
      const response = { chosen, params, user, at: clock.now() };
      return { request, digest: digestOfRequest(request), response };
    },
  };
}

function answerTo(request: HumanRequest, given: TestAnswers[string] | undefined): ProposedAnswer | null {
  const answer = typeof given === "function" ? given(request) : (given ?? null);
  if (answer === null) return null;
  const by = request.assignedUsers[0]?.id ?? TESTER;
  if (typeof answer === "string") return { options: [answer], params: {}, by };
  if ("options" in answer) {
    const options = typeof answer.options === "string" ? [answer.options] : answer.options;
    return { options, params: answer.params ?? {}, by: answer.by ?? by };
  }
  return { options: answer, params: {}, by };
}

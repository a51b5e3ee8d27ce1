// Answers questions of a running task. Answers are limited to its own team and run, whatever the worker
// claims.

import { messageOf, type Attempt, type AttemptQueries } from "@memodag/core";
import type { Answer, Question } from "./protocol.ts";

/** Answers a question; never rejects. */
export async function answerQuestion(
  queries: AttemptQueries,
  attempt: Attempt,
  question: Question,
): Promise<Answer> {
  try {
    return { kind: "found", bytes: await findAnswer(queries, attempt, question) };
  } catch (error) {
    return unanswered(question, messageOf(error));
  }
}

/** Returns an answer that reports a failure. */
export function unanswered(question: Question, reason: string): Answer {
  const asked =
    question.kind === "xcom"
      ? `XCom "${question.key}" of task "${question.taskId}"`
      : `Variable "${question.name}"`;
  const message = `${asked} could not be read: ${reason}`;
  return { kind: "failed", error: { code: "question_unanswered", message } };
}

async function findAnswer(
  queries: AttemptQueries,
  attempt: Attempt,
  question: Question,
): Promise<Uint8Array | null> {
  if (question.kind === "xcom") return (await queries.findXCom(attempt, question)) ?? null;
  const text = await queries.findVariable(attempt, question.name);
  return text === undefined ? null : Buffer.from(text);
}

// Answers questions of a running task. Answers are limited to its own team and run, whatever the worker
// claims.

import {
  MemodagError,
  isOwnFault,
  messageOf,
  storedError,
  type Attempt,
  type AttemptQueries,
} from "@memodag/core";
import type { Answer, Question } from "./protocol.ts";

/** Answers a question; never rejects. */
export async function answerQuestion(
  queries: AttemptQueries,
  attempt: Attempt,
  question: Question,
): Promise<Answer> {
  try {
    if (question.kind === "entries") {
      const answer = await queries.askEntries?.(attempt, question.request, question.bytes);
      return answer ? { kind: "found", ...answer } : unanswered(question, "there are no job caches here");
    }
    return { kind: "found", bytes: await findAnswer(queries, attempt, question) };
  } catch (error) {
    if (question.kind === "value" && isOwnFault(error)) return { kind: "failed", error: storedError(error) };
    if ((question.kind === "entries" || question.kind === "human") && error instanceof MemodagError)
      return { kind: "failed", error: storedError(error) };
    return unanswered(question, messageOf(error));
  }
}

/** Returns an answer that reports a failure. */
export function unanswered(question: Question, reason: string): Answer {
  const message = `${nameOf(question)} could not be read: ${reason}`;
  return { kind: "failed", error: { code: "question_unanswered", message } };
}

function nameOf(question: Question): string {
  switch (question.kind) {
    case "xcom":
      return `XCom "${question.key}" of task "${question.taskId}"`;
    case "variable":
      return `Variable "${question.name}"`;
    case "value":
      return `Value cache "${question.cache}"`;
    case "entries":
      return "The job cache";
    case "human":
      return "The request to a person";
  }
}

async function findAnswer(
  queries: AttemptQueries,
  attempt: Attempt,
  question: Exclude<Question, { kind: "entries" }>,
): Promise<Uint8Array | null> {
  if (question.kind === "xcom") return (await queries.findXCom(attempt, question)) ?? null;
  if (question.kind === "human") {
    if (!queries.askHuman) throw new Error("this executor cannot ask people");
    const found = await queries.askHuman(attempt, question);
    return found ? Buffer.from(JSON.stringify({ response: found.response })) : null;
  }
  if (question.kind === "value") {
    const { cache, method, args } = question;
    if (!queries.callValueCache) throw new Error("this executor has no value caches");
    return Buffer.from(JSON.stringify(await queries.callValueCache(attempt, { cache, method, args })));
  }
  const text = await queries.findVariable(attempt, question.name);
  return text === undefined ? null : Buffer.from(text);
}

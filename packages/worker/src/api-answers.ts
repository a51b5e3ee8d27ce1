// Asks the API what a running task asks: its XComs, variables, people, value caches and entries.

import { messageOf, type Attempt, type Clock } from "@memodag/core";
import {
  encodeFrame,
  FrameDecoder,
  fromExecutorFrame,
  toExecutorFrame,
  unanswered,
  type Answer,
  type Question,
} from "@memodag/executor/frames";
import { FRAME_TYPE } from "@memodag/worker-api/protocol";
import type { ApiClient } from "./api-client.ts";
import { persist } from "./persist.ts";

/** Milliseconds for which a question is repeated while the API is away. */
const PATIENCE_MS = 60_000;

/** Entries that an object store is slow to answer for. */
const TIMEOUT_MS = 120_000;

/** Returns the answer to a question of an attempt; never rejects. */
export async function askApi(
  { client, clock }: { readonly client: ApiClient; readonly clock: Clock },
  attempt: Attempt,
  question: Question,
): Promise<Answer> {
  try {
    const body = encodeFrame(toExecutorFrame({ kind: "question", id: 0, question }));
    const isRepeatable = mayRepeat(question);
    const askedAt = clock.monotonic();
    const isOver = (): boolean => !isRepeatable || clock.monotonic() - askedAt > PATIENCE_MS;
    const request = {
      route: "question",
      id: attempt.attemptId,
      body,
      contentType: FRAME_TYPE,
      isRepeatable,
    } as const;
    const reply = await persist(() => client.send({ ...request, timeoutMs: TIMEOUT_MS }), { clock, isOver });
    const frame = new FrameDecoder().next(reply);
    const message = frame && fromExecutorFrame(frame);
    if (message?.kind === "answer") return message.answer;
    return unanswered(question, "the worker API answered something else");
  } catch (error) {
    return unanswered(question, messageOf(error));
  }
}

/** True for a question that changes nothing: it may be asked again if its answer was lost. */
function mayRepeat(question: Question): boolean {
  switch (question.kind) {
    case "xcom":
    case "variable":
      return true;
    case "human":
      return question.act === "find";
    case "entries":
      return ["find", "list", "groups", "open"].includes(question.request.op);
    case "value":
      return false;
  }
}

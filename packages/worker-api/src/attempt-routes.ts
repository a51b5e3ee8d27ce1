// The routes of attempts: a host starts one, reads what its order refers to, asks for its task, and reports.
//
// Team and run of a question are those of the order in the database. A host may read only what its order names.

import {
  MemodagError,
  messageOf,
  type Attempt,
  type AttemptQueries,
  type ErrorCode,
  type InputRef,
  type OpenXCom,
  type StartRefusal,
} from "@memodag/core";
import {
  answerQuestion,
  encodeFrame,
  encodeHead,
  fromWorkerFrame,
  MAX_FRAME_BYTES,
  toWorkerFrame,
  unanswered,
  type Answer,
  type FrameLimits,
  type Question,
} from "@memodag/executor/frames";
import type { Hono } from "hono";
import { attemptGone, isInScope } from "./access.ts";
import { credentialsOf, type ApiEnv, type ApiParts } from "./api-parts.ts";
import { recordInParts } from "./large-outcome.ts";
import { ApiProblem } from "./problem.ts";
import { FRAME_TYPE, ROUTES, WHOLE, type LogReply } from "./protocol/index.ts";
import { badRequest, collectBytes, readBytes, readFrame, withFrame } from "./read-body.ts";

/** A part of a log is 64 KiB, unless a host is behind. */
const LARGEST_LOG_PART_BYTES = 1_048_576;

/** The message of a frame besides its values, as between an executor and its worker. */
const LARGEST_MESSAGE_BYTES = 16 * 2 ** 20;

/** Values and outcomes from this size on come from their store, or are passed on as they come. */
const LARGE_VALUE_BYTES = 1_048_576;

const IMMUTABLE = { "cache-control": "private, immutable, max-age=31536000" };

const REFUSALS: Readonly<Record<Exclude<StartRefusal, "forbidden">, string>> = {
  unknown: "there is none with this id",
  started_elsewhere: "another worker has started it",
  ended: "it has ended",
  cancelled: "it is cancelled",
  superseded: "its task instance has another attempt, or none",
};

/** Adds the routes. */
export function addAttemptRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { access, attempts, asked, artifacts, values, logs, settings } = parts;

  app.post(ROUTES.start.path, async (c) => {
    const { token, workerId } = await access.ofWorker(credentialsOf(c));
    const answer = await attempts.start(c.req.param("id"), workerId, token);
    if (answer.kind === "started" && isInScope(answer.order, token)) return c.json(answer.order);
    if (answer.kind === "started" || answer.reason === "forbidden") throw forbidden();
    throw attemptGone(REFUSALS[answer.reason]);
  });

  app.get(ROUTES.artifact.path, async (c) => {
    const { attempt } = await access.ofAttempt(credentialsOf(c), c.req.param("id"));
    const { code } = await artifacts.getArtifact(attempt.artifactDigest);
    return c.body(code as Uint8Array<ArrayBuffer>, 200, { ...IMMUTABLE, "content-type": "text/javascript" });
  });

  app.get(ROUTES.value.path, async (c) => {
    const { attempt } = await access.ofAttempt(credentialsOf(c), c.req.param("id"));
    const digest = c.req.param("digest");
    const ref = listRefs(attempt).find((one) => one.digest === digest);
    const isWhole = c.req.query(WHOLE) !== undefined;
    if (ref && ref.sizeBytes >= LARGE_VALUE_BYTES && !isWhole) {
      const opened = await values.open?.(attempt.team, ref, { mayGrant: true });
      if (opened?.kind === "url")
        return c.body(null, 307, { location: opened.url, "cache-control": "no-store" });
      if (opened) {
        const length = String(ref.sizeBytes);
        return c.body(opened.stream, 200, { "content-type": "application/json", "content-length": length });
      }
    }
    const bytes = ref && (await values.read(attempt.team, [ref])).get(digest);
    if (!bytes)
      throw new ApiProblem(
        404,
        "xcom_not_found",
        `The attempt has no value ${digest}, or it is gone from its store`,
      );
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      ...IMMUTABLE,
      "content-type": "application/json",
    });
  });

  app.post(ROUTES.question.path, async (c) => {
    const { attempt } = await access.ofAttempt(credentialsOf(c), c.req.param("id"));
    const message = fromWorkerFrame(await readFrame(c.env.incoming, limitsOf(settings().maxEntryBytes)));
    if (message?.kind !== "question") throw badRequest("it is not a question of a task");
    asked.add(attempt);
    const { id, question } = message;
    const found = await findAnswer(parts.queries, attempt, question);
    if (found.kind === "open") {
      const head = encodeHead({ kind: "answer", id, answer: { kind: "found", bytes: null } }, [
        found.sizeBytes,
      ]);
      const breakOff = (error: unknown): void => {
        parts.log.warn("an XCom could not be read to its end", { error: messageOf(error) });
        c.env.outgoing.destroy();
      };
      const length = String(found.sizeBytes + head.reduce((sum, part) => sum + part.length, 0));
      const stream = ReadableStream.from(joined(head, found.chunks, breakOff));
      return c.body(stream, 200, { "content-type": FRAME_TYPE, "content-length": length });
    }
    const answer = withoutInternals(question, found, parts);
    const frame = Buffer.concat(encodeFrame(toWorkerFrame({ kind: "answer", id, answer })));
    return c.body(frame, 200, { "content-type": FRAME_TYPE });
  });

  app.put(ROUTES.log.path, async (c) => {
    const { attempt } = await access.ofAttempt(credentialsOf(c), c.req.param("id"));
    const from = Number(c.req.query("from"));
    if (!Number.isSafeInteger(from) || from < 0) throw badRequest("from must be an offset in bytes");
    const bytes = await readBytes(c.env.incoming, LARGEST_LOG_PART_BYTES);
    const { maxLogBytes } = settings();
    // A host ends a log that is longer with a line about it.
    if (from + bytes.length > maxLogBytes + LARGEST_LOG_PART_BYTES) {
      throw new ApiProblem(413, "worker_request_invalid", `The log has more than ${maxLogBytes} bytes`);
    }
    return c.json({
      length: await logs.appendPart(attempt.attemptId, attempt, from, bytes),
    } satisfies LogReply);
  });

  app.post(ROUTES.outcome.path, async (c) => {
    const attemptId = c.req.param("id");
    const { token, workerId } = await access.ofWorker(credentialsOf(c));
    const order = await attempts.find(attemptId, workerId);
    if (order && !isInScope(order, token)) throw attemptGone();
    const limits = limitsOf(settings().maxXComBytes);
    const recorded = await withFrame(c.env.incoming, limits, async ({ head, sizeBytes, chunks }) => {
      if (fromWorkerFrame(head)?.kind !== "outcome") throw badRequest("it is not an outcome");
      // The scheduler that reads it checks its values.
      return sizeBytes > LARGE_VALUE_BYTES
        ? await recordInParts(attempts, { attemptId, workerId }, chunks)
        : await attempts.end(attemptId, workerId, await collectBytes(chunks));
    });
    if (recorded === "refused") throw attemptGone();
    asked.ended(attemptId);
    return c.body(null, 204);
  });
}

/** Answers a question; a large XCom may be open, and is passed on as it comes. */
async function findAnswer(
  queries: AttemptQueries,
  attempt: Attempt,
  question: Question,
): Promise<Answer | ({ readonly kind: "open" } & OpenXCom)> {
  if (question.kind !== "xcom" || !queries.openXCom) return await answerQuestion(queries, attempt, question);
  try {
    const found = await queries.openXCom(attempt, question);
    if (found && "chunks" in found) return { kind: "open", ...found };
    return { kind: "found", bytes: found ?? null };
  } catch (error) {
    return unanswered(question, messageOf(error));
  }
}

async function* joined(
  head: Iterable<Uint8Array>,
  chunks: AsyncIterable<Uint8Array>,
  onFault: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  yield* head;
  try {
    yield* chunks;
  } catch (error) {
    onFault(error);
  }
}

/** The values that an attempt's arguments refer to: all that its host may read. */
function listRefs({ results }: Attempt): InputRef[] {
  return results.flatMap(([, input]) =>
    input.kind === "single" ? [input.ref] : input.refs.filter((ref) => ref !== null),
  );
}

function limitsOf(blobBytes: number): FrameLimits {
  return { frameBytes: MAX_FRAME_BYTES, jsonBytes: LARGEST_MESSAGE_BYTES, blobBytes };
}

function forbidden(): ApiProblem {
  const detail = "The attempt is refused: it is not for workers with this token. Drop it";
  return new ApiProblem(403, "attempt_refused", detail);
}

/** Errors of the infrastructure may contain addresses and names of stores, which are not for workers. */
function withoutInternals(question: Question, answer: Answer, { log }: ApiParts): Answer {
  if (answer.kind === "found") return answer;
  const { code, message } = answer.error;
  if (new MemodagError(code as ErrorCode, message).fault !== "infrastructure") return answer;
  log.warn("a question of a task could not be answered", { code, error: message });
  return unanswered(
    question,
    "the stores of this deployment are not available; see the log of the worker API",
  );
}

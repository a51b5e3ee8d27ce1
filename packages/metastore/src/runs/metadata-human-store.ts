// Requests to people in the metadata database. An answer is a manual change of its run: the holder of the run
// hears of it and loads the run again, in which the asking task is due.

import {
  canonicalJson,
  digestOfRequest,
  MemodagError,
  presetParams,
  type AnswerOutcome,
  type AskingAttempt,
  type AuditAct,
  type HumanRequest,
  type HumanResponse,
  type HumanStore,
  type NewAnswer,
  type OpenRequest,
  type RequestOpening,
  type StoredRequest,
  type TaskInstanceId,
} from "@memodag/core";
import { sql } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import type { HumanRequestTable } from "../tables/run-tables.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Thrown inside a transaction of an answer that is not accepted, so that nothing of it stays. */
class NotAccepted extends Error {
  readonly outcome: AnswerOutcome;

  constructor(outcome: AnswerOutcome) {
    super();
    this.outcome = outcome;
  }
}

/** The requests in the metadata database. */
export class MetadataHumanStore implements HumanStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async findOwnRequest(attempt: AskingAttempt): Promise<StoredRequest | undefined> {
    const { team, dagId, runId, taskId, mapIndex, tryNumber } = attempt;
    const row = await this.#dialect.kysely
      .selectFrom("human_request")
      .innerJoin("dag_run", "dag_run.id", "human_request.dag_run_id")
      .selectAll("human_request")
      .where("dag_run.team", "=", team)
      .where("dag_run.dag_id", "=", dagId)
      .where("dag_run.run_id", "=", runId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .where("try_number", "=", tryNumber)
      .executeTakeFirst();
    return row && toRequest(row);
  }

  async openRequest(attempt: AskingAttempt, opening: RequestOpening): Promise<StoredRequest> {
    return await this.#dialect.transaction(() => openScript(this.#dialect, attempt, opening));
  }

  async expireRequest(attempt: AskingAttempt): Promise<StoredRequest> {
    return await this.#dialect.transaction(() => expireScript(this.#dialect, attempt));
  }

  async listOpenRequests({
    team,
    dagId,
  }: {
    readonly team?: string;
    readonly dagId?: string;
  }): Promise<OpenRequest[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("human_request as request")
      .innerJoin("dag_run as run", "run.id", "request.dag_run_id")
      .innerJoin("task_instance as instance", (join) =>
        join
          .onRef("instance.dag_run_id", "=", "request.dag_run_id")
          .onRef("instance.task_id", "=", "request.task_id")
          .onRef("instance.map_index", "=", "request.map_index")
          .onRef("instance.try_number", "=", "request.try_number"),
      )
      .selectAll("request")
      .select(["run.team", "run.dag_id", "run.run_id"])
      .where("instance.state", "=", "up_for_reschedule")
      .where("run.state", "in", ["queued", "running"])
      .where("request.response", "is", null)
      .$if(team !== undefined, (query) => query.where("run.team", "=", team ?? ""))
      .$if(dagId !== undefined, (query) => query.where("run.dag_id", "=", dagId ?? ""))
      .orderBy("request.asked_at")
      .orderBy("request.dag_run_id")
      .orderBy("request.task_id")
      .orderBy("request.map_index")
      .execute();
    return rows.map((row) => ({
      team: row.team,
      dagId: row.dag_id,
      runId: row.run_id,
      taskId: row.task_id,
      mapIndex: row.map_index,
      request: JSON.parse(row.request) as HumanRequest,
      digest: row.digest,
      askedAt: row.asked_at,
      expiresAt: row.timeout_ms === null ? null : row.asked_at + row.timeout_ms,
    }));
  }

  async findRequest(
    dagRunId: number,
    { taskId, mapIndex }: TaskInstanceId,
  ): Promise<StoredRequest | undefined> {
    const row = await this.#dialect.kysely
      .selectFrom("human_request")
      .selectAll()
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .executeTakeFirst();
    return row && toRequest(row);
  }

  async answerRequest(answer: NewAnswer, act: AuditAct): Promise<AnswerOutcome> {
    try {
      await this.#dialect.transaction(() => answerScript(this.#dialect, answer, act));
    } catch (error) {
      if (error instanceof NotAccepted) return error.outcome;
      throw error;
    }
    // Without it, schedulers of other processes notice by their polls.
    await this.#dialect.announceRuns().catch(() => undefined);
    return { kind: "accepted" };
  }
}

/** Locks the run, as a pass does, and returns its number if the attempt is the current one of its instance. */
function* requireCurrent(
  { kysely }: Dialect,
  { team, dagId, runId, taskId, mapIndex, attemptId }: AskingAttempt,
): TransactionScript<number> {
  // An update without an effect locks the row on every database.
  const [run] = yield* statement(
    kysely
      .updateTable("dag_run")
      .set({ hand_count: sql<number>`hand_count` })
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("run_id", "=", runId)
      .returning("id"),
  );
  const [instance] = yield* statement(
    kysely
      .selectFrom("task_instance")
      .select("attempt_id")
      .where("dag_run_id", "=", run?.id ?? -1)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex),
  );
  if (run && instance?.attempt_id === attemptId) return run.id;
  throw new MemodagError("attempt_lost", "the task was cleared, or its state was set, while it asked");
}

function* findRow(
  { kysely }: Dialect,
  dagRunId: number,
  { taskId, mapIndex }: TaskInstanceId,
): TransactionScript<HumanRequestTable | undefined> {
  const [row] = yield* statement(
    kysely
      .selectFrom("human_request")
      .selectAll()
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex),
  );
  return row;
}

function* openScript(
  dialect: Dialect,
  attempt: AskingAttempt,
  { request, timeoutMs }: RequestOpening,
): TransactionScript<StoredRequest> {
  const { kysely, now } = dialect;
  const dagRunId = yield* requireCurrent(dialect, attempt);
  const before = yield* findRow(dialect, dagRunId, attempt);
  if (before?.try_number === attempt.tryNumber) return toRequest(before);
  const { taskId, mapIndex, tryNumber } = attempt;
  yield* statement(
    kysely
      .deleteFrom("human_request")
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex),
  );
  const [row] = yield* statement(
    kysely
      .insertInto("human_request")
      .values({
        dag_run_id: dagRunId,
        task_id: taskId,
        map_index: mapIndex,
        try_number: tryNumber,
        digest: digestOfRequest(request),
        request: canonicalJson(request),
        asked_at: now,
        timeout_ms: timeoutMs,
        answered_at: null,
        response: null,
      })
      .returningAll(),
  );
  if (!row) throw new Error("a request was not written");
  return toRequest(row);
}

function* expireScript(dialect: Dialect, attempt: AskingAttempt): TransactionScript<StoredRequest> {
  const dagRunId = yield* requireCurrent(dialect, attempt);
  const row = yield* findRow(dialect, dagRunId, attempt);
  if (row?.try_number !== attempt.tryNumber) {
    throw new MemodagError("attempt_lost", "the request of this try is gone");
  }
  const { request, response } = toRequest(row);
  if (response !== null || request.defaults === null) return toRequest(row);
  const chosen = { chosen: request.defaults, params: presetParams(request), user: null };
  const expired = yield* writeResponse(dialect, row, canonicalJson(chosen));
  return toRequest(expired);
}

function* answerScript(
  dialect: Dialect,
  { team, dagRunId, taskId, mapIndex, digest, chosen, params, user }: NewAnswer,
  act: AuditAct,
): TransactionScript<void> {
  const { kysely } = dialect;
  // The run first, as in a pass, so that the two take turns.
  const [run] = yield* statement(
    kysely
      .updateTable("dag_run")
      .set({ hand_count: sql<number>`hand_count + 1`, revision: sql<number>`revision + 1` })
      .where("team", "=", team)
      .where("id", "=", dagRunId)
      .returning(["state", "revision"]),
  );
  const row = yield* findRow(dialect, dagRunId, { taskId, mapIndex });
  if (!run || !row) throw new NotAccepted({ kind: "closed" });
  const { response } = toRequest(row);
  const woken = yield* statement(
    kysely
      .updateTable("task_instance")
      // By the scheduler's clock, which may differ from the database's.
      .set({ retry_at: sql<number>`waiting_since`, revision: run.revision })
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .where("state", "=", "up_for_reschedule")
      .where("try_number", "=", row.try_number)
      .returning("map_index"),
  );
  if (response !== null) throw new NotAccepted({ kind: "answered", response });
  const isOver = run.state === "success" || run.state === "failed";
  if (isOver || woken.length === 0) throw new NotAccepted({ kind: "closed" });
  if (row.digest !== digest) throw new NotAccepted({ kind: "changed" });
  yield* writeResponse(dialect, row, canonicalJson({ chosen, params, user }));
  yield* writeAct(dialect, act, 1);
}

function* writeResponse(
  { kysely, now }: Dialect,
  { dag_run_id, task_id, map_index }: HumanRequestTable,
  response: string,
): TransactionScript<HumanRequestTable> {
  const [row] = yield* statement(
    kysely
      .updateTable("human_request")
      .set({ response, answered_at: now })
      .where("dag_run_id", "=", dag_run_id)
      .where("task_id", "=", task_id)
      .where("map_index", "=", map_index)
      .returningAll(),
  );
  if (!row) throw new Error("an answer was not written");
  return row;
}

function toRequest({ request, digest, response, answered_at }: HumanRequestTable): StoredRequest {
  return {
    request: JSON.parse(request) as HumanRequest,
    digest,
    response:
      response === null
        ? null
        : { ...(JSON.parse(response) as Omit<HumanResponse, "at">), at: answered_at ?? 0 },
  };
}

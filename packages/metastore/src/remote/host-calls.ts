// The calls of worker hosts about their attempts, many in one statement. Each statement compares what it changes, so that
// an attempt starts at one host at most, and ends once, from the host that started it.

import type { AttemptOrder, OutcomeUpload, StartAnswer, StartRefusal, WorkerScope } from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { hasAttempt } from "./lost-hosts.ts";

/** An attempt, and the host that calls. */
export interface HostCall {
  readonly attemptId: string;
  readonly workerId: string;
}

/** A host asks for an attempt. */
export interface StartCall extends HostCall {
  readonly scope: WorkerScope;
}

/** A host reports the end of an attempt. */
export interface EndCall extends HostCall {
  readonly outcome: Uint8Array | OutcomeUpload;
}

/** See the port. Of several hosts that ask for the same attempt at once, the first has it. */
export async function startAttempts(dialect: Dialect, calls: readonly StartCall[]): Promise<StartAnswer[]> {
  const { kysely, now } = dialect;
  const first = firstOfEach(calls);
  const rows = await dialect.announcingAttempts(
    kysely
      .updateTable("remote_attempt")
      .set({
        state: "started",
        worker_id: choose(first, ({ workerId }) => workerId, "worker_id"),
        started_at: now,
      })
      .where("state", "=", "waiting")
      .where("cancel", "is", null)
      .where((where) =>
        where.or(
          first.map(({ attemptId, scope: { queues, teams } }) =>
            where.and([
              where("attempt_id", "=", attemptId),
              ...(queues ? [where("queue", "in", queues)] : []),
              ...(teams ? [where("team", "in", teams)] : []),
            ]),
          ),
        ),
      )
      .where(hasAttempt)
      .returning(["attempt_id", "worker_id", "order_body"]),
  );
  const started = new Map(rows.map((row) => [nameOf(row.attempt_id, row.worker_id), row.order_body]));
  return await Promise.all(
    calls.map(async (call) => {
      const order = started.get(nameOf(call.attemptId, call.workerId));
      return order === undefined ? await explainStart(dialect, call) : startedWith(order);
    }),
  );
}

/** See the port. */
export async function endAttempts(
  dialect: Dialect,
  calls: readonly EndCall[],
): Promise<("recorded" | "refused")[]> {
  const { kysely, now } = dialect;
  const rows = await dialect.announcingAttempts(
    kysely
      .updateTable("remote_attempt")
      .set({
        state: "ended",
        ended_at: now,
        ended_by: "worker",
        outcome: choose(calls, ({ outcome }) => bytesOf(outcome), "outcome"),
        outcome_upload: choose(
          calls,
          ({ outcome }) => ("upload" in outcome ? outcome.upload : null),
          "outcome_upload",
        ),
      })
      .where(areOf(calls))
      .where("state", "=", "started")
      .returning(["attempt_id", "worker_id"]),
  );
  const recorded = new Set(rows.map((row) => nameOf(row.attempt_id, row.worker_id)));
  const rest = calls.filter(({ attemptId, workerId }) => !recorded.has(nameOf(attemptId, workerId)));
  if (rest.length > 0) {
    const before = await kysely
      .selectFrom("remote_attempt")
      .select(["attempt_id", "worker_id"])
      .where(areOf(rest))
      .where("ended_by", "=", "worker")
      .execute();
    for (const row of before) recorded.add(nameOf(row.attempt_id, row.worker_id));
  }
  return calls.map(({ attemptId, workerId }) =>
    recorded.has(nameOf(attemptId, workerId)) ? "recorded" : "refused",
  );
}

/** See the port. */
export async function findOrders(
  { kysely }: Dialect,
  calls: readonly HostCall[],
): Promise<(AttemptOrder | undefined)[]> {
  const rows = await kysely
    .selectFrom("remote_attempt")
    .select(["attempt_id", "worker_id", "order_body"])
    .where(areOf(calls))
    .where("state", "=", "started")
    .execute();
  const found = new Map(rows.map((row) => [nameOf(row.attempt_id, row.worker_id), row.order_body]));
  return calls.map(({ attemptId, workerId }) => {
    const order = found.get(nameOf(attemptId, workerId));
    return order === undefined ? undefined : (JSON.parse(order) as AttemptOrder);
  });
}

async function explainStart({ kysely }: Dialect, call: StartCall): Promise<StartAnswer> {
  const row = await kysely
    .selectFrom("remote_attempt")
    .select(["state", "worker_id", "cancel", "order_body", "queue", "team"])
    .where("attempt_id", "=", call.attemptId)
    .executeTakeFirst();
  if (row?.state === "started" && row.worker_id === call.workerId) return startedWith(row.order_body);
  return { kind: "refused", reason: refusalOf(row, call.scope) };
}

interface StartableRow {
  readonly state: string;
  readonly cancel: string | null;
  readonly queue: string;
  readonly team: string;
}

function refusalOf(row: StartableRow | undefined, { queues, teams }: WorkerScope): StartRefusal {
  if (!row) return "unknown";
  // Nothing else is said of what is not for this token.
  if ((queues && !queues.includes(row.queue)) || (teams && !teams.includes(row.team))) return "forbidden";
  if (row.state === "ended") return "ended";
  if (row.state === "started") return "started_elsewhere";
  return row.cancel === null ? "superseded" : "cancelled";
}

function startedWith(order: string): StartAnswer {
  return { kind: "started", order: JSON.parse(order) as AttemptOrder };
}

function firstOfEach<Call extends HostCall>(calls: readonly Call[]): Call[] {
  const first = new Map<string, Call>();
  for (const call of calls) if (!first.has(call.attemptId)) first.set(call.attemptId, call);
  return [...first.values()];
}

/** The value of the call for a row; the column's own is there for its type. */
function choose<Call extends HostCall, Value>(
  calls: readonly Call[],
  valueOf: (call: Call) => Value,
  column: "worker_id" | "outcome" | "outcome_upload",
): RawBuilder<Value> {
  const cases = calls.map((call) => sql`when ${call.attemptId} then ${valueOf(call)}`);
  return sql<Value>`case attempt_id ${sql.join(cases, sql` `)} else ${sql.ref(column)} end`;
}

function bytesOf(outcome: EndCall["outcome"]): Buffer | null {
  return "upload" in outcome ? null : Buffer.from(outcome);
}

function areOf(calls: readonly HostCall[]): RawBuilder<SqlBool> {
  const pairs = calls.map(({ attemptId, workerId }) => sql`(${attemptId}, ${workerId})`);
  return sql<SqlBool>`(attempt_id, worker_id) in (values ${sql.join(pairs)})`;
}

function nameOf(attemptId: string, workerId: string | null): string {
  return JSON.stringify([attemptId, workerId]);
}

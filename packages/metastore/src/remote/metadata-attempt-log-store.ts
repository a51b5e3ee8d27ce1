// Logs of attempts in the metadata database, in parts as worker hosts send them: readable from any machine, also when
// the host is gone. The parts of one log are in the order in which they arrived.

import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Attempt,
  AttemptName,
  LogAmount,
  LoggedRun,
  LogRange,
  LogStore,
  LogTail,
  RemoteLogStore,
  RunLogPlaces,
  RunLogs,
} from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Parts in one read: each has 64 KiB at most when a host sends it. */
const PARTS_A_READ = 16;

/** Polling interval for a followed log, in milliseconds. */
const LOOK_EVERY_MS = 300;

const LINE_BREAK = 10;

interface Part {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The logs in the metadata database. */
export class MetadataAttemptLogStore implements LogStore, RemoteLogStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** One writer at a time: its parts have no attempt to tell repeated ones by. */
  async append(attempt: AttemptName, chunk: Uint8Array): Promise<void> {
    await this.#add(JSON.stringify(nameOf(attempt)), attempt, undefined, chunk);
  }

  async appendPart(attemptId: string, attempt: Attempt, from: number, bytes: Uint8Array): Promise<number> {
    return await this.#add(attemptId, attempt, from, bytes);
  }

  async size(attempt: AttemptName): Promise<number | undefined> {
    const row = await this.#partsOf(attempt)
      .select((select) => select.fn.sum<number | null>("size_bytes").as("size"))
      .executeTakeFirstOrThrow();
    return row.size === null ? undefined : Number(row.size);
  }

  async *read(attempt: AttemptName, { from = 0, to = Infinity }: LogRange = {}): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const { bytes } of this.#parts(attempt, 0)) {
      if (at >= to) return;
      const piece = bytes.subarray(Math.max(0, from - at), Math.max(0, to - at));
      at += bytes.length;
      if (piece.length > 0) yield piece;
    }
  }

  async *tail(attempt: AttemptName, { lastLines, isOver }: LogTail = {}): AsyncGenerator<string> {
    const decoder = new StringDecoder("utf8");
    const start = lastLines === undefined ? undefined : await this.#startOfLast(attempt, lastLines);
    let after = start?.after ?? 0;
    let skip = start?.skip ?? 0;
    for (;;) {
      const over = (await isOver?.()) ?? true;
      for await (const { id, bytes } of this.#parts(attempt, after)) {
        after = id;
        const text = decoder.write(Buffer.from(bytes.subarray(skip)));
        skip = 0;
        if (text !== "") yield text;
      }
      if (over) break;
      await sleep(LOOK_EVERY_MS);
    }
    const rest = decoder.end();
    if (rest !== "") yield rest;
  }

  async measure({ team, dagId, runId }: LoggedRun): Promise<LogAmount> {
    const row = await this.#dialect.kysely
      .selectFrom("attempt_log")
      .select((select) => [
        sql<number>`count(distinct task_id || ' ' || map_index || ' ' || try_number)`.as("count"),
        select.fn.sum<number | null>("size_bytes").as("size"),
      ])
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("run_id", "=", runId)
      .executeTakeFirstOrThrow();
    return { count: Number(row.count), sizeBytes: Number(row.size ?? 0) };
  }

  async remove(run: LoggedRun): Promise<LogAmount> {
    const amount = await this.measure(run);
    await this.discard(this.placesOf(run));
    return amount;
  }

  async *scan(): AsyncGenerator<RunLogs> {
    const rows = await this.#dialect.kysely
      .selectFrom("attempt_log")
      .select((select) => [
        "team",
        "dag_id",
        "run_id",
        sql<number>`count(distinct task_id || ' ' || map_index || ' ' || try_number)`.as("count"),
        select.fn.sum<number>("size_bytes").as("size"),
        select.fn.max<number>("written_at").as("changed_at"),
      ])
      .groupBy(["team", "dag_id", "run_id"])
      .execute();
    for (const { team, dag_id, run_id, count, size, changed_at } of rows)
      yield {
        ...this.placesOf({ team, dagId: dag_id, runId: run_id }),
        count: Number(count),
        sizeBytes: Number(size),
        changedAt: changed_at,
      };
  }

  placesOf({ team, dagId, runId }: LoggedRun): RunLogPlaces {
    return { run: JSON.stringify([team, dagId, runId]), dag: JSON.stringify([team, dagId]) };
  }

  async discard({ run }: RunLogPlaces): Promise<void> {
    const [team = "", dagId = "", runId = ""] = JSON.parse(run) as string[];
    await this.#dialect.kysely
      .deleteFrom("attempt_log")
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("run_id", "=", runId)
      .execute();
  }

  placeOf(attempt: AttemptName): string {
    return `the metadata database: ${nameOf(attempt).join("/")}`;
  }

  async #add(
    attemptId: string,
    name: AttemptName,
    from: number | undefined,
    bytes: Uint8Array,
  ): Promise<number> {
    return await this.#dialect.transaction(() => addPart(this.#dialect, attemptId, name, from, bytes));
  }

  #partsOf({ team, dagId, runId, taskId, mapIndex, tryNumber }: AttemptName) {
    return this.#dialect.kysely
      .selectFrom("attempt_log")
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("run_id", "=", runId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .where("try_number", "=", tryNumber);
  }

  async *#parts(attempt: AttemptName, after: number): AsyncGenerator<Part> {
    for (let last = after; ;) {
      const parts = await this.#partsOf(attempt)
        .select(["id", "bytes"])
        .where("id", ">", last)
        .orderBy("id")
        .limit(PARTS_A_READ)
        .execute();
      yield* parts;
      if (parts.length < PARTS_A_READ) return;
      last = parts.at(-1)?.id ?? last;
    }
  }

  /** Looks from the end, so that long logs take no longer. Undefined: the whole log has fewer lines. */
  async #startOfLast(
    attempt: AttemptName,
    lines: number,
  ): Promise<{ readonly after: number; readonly skip: number } | undefined> {
    let missing = lines;
    let isLastByte = true;
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const parts: Part[] = await this.#partsOf(attempt)
        .select(["id", "bytes"])
        .where("id", "<", before)
        .orderBy("id", "desc")
        .limit(PARTS_A_READ)
        .execute();
      for (const { id, bytes } of parts) {
        for (let at = bytes.length - 1; at >= 0; at -= 1) {
          // A line break at the very end belongs to the last line.
          if (bytes[at] === LINE_BREAK && !isLastByte && (missing -= 1) === 0)
            return { after: id - 1, skip: at + 1 };
          isLastByte = false;
        }
        before = id;
      }
      if (parts.length < PARTS_A_READ) return undefined;
    }
  }
}

/** Returns the length of the attempt's log. What is there already is not written again; nothing is written beyond a gap. */
function* addPart(
  { kysely, now }: Dialect,
  attemptId: string,
  { team, dagId, runId, taskId, mapIndex, tryNumber }: AttemptName,
  from: number | undefined,
  bytes: Uint8Array,
): TransactionScript<number> {
  const [row] = yield* statement(
    kysely
      .selectFrom("attempt_log")
      .select((select) => select.fn.max<number | null>(sql<number>`from_byte + size_bytes`).as("end"))
      .where("attempt_id", "=", attemptId),
  );
  const end = Number(row?.end ?? 0);
  const start = from ?? end;
  const added = bytes.subarray(Math.max(0, end - start));
  if (start > end || added.length === 0) return end;
  const written = yield* statement(
    kysely
      .insertInto("attempt_log")
      .values({
        attempt_id: attemptId,
        team,
        dag_id: dagId,
        run_id: runId,
        task_id: taskId,
        map_index: mapIndex,
        try_number: tryNumber,
        from_byte: end,
        size_bytes: added.length,
        bytes: Buffer.from(added),
        written_at: now,
      })
      // Another call of the same host was first, and says how far the log is by now.
      .onConflict((conflict) => conflict.columns(["attempt_id", "from_byte"]).doNothing())
      .returning("id"),
  );
  return written.length > 0 ? end + added.length : end;
}

function nameOf({ team, dagId, runId, taskId, mapIndex, tryNumber }: AttemptName): (string | number)[] {
  return [team, dagId, runId, taskId, mapIndex, tryNumber];
}

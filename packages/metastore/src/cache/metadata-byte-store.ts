// Bytes of any size in the metadata database, in pieces, so that none is held in memory whole.

import {
  chunksOf,
  inPieces,
  type ByteBody,
  type ByteCallOptions,
  type ByteCheck,
  type ByteStat,
  type ByteStore,
  type ListedBytes,
} from "@memodag/core";
import { checkedChunks, collectBytes, streamOf } from "@memodag/result-cache";
import { sql, type Kysely, type Transaction } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";

/** Bytes of a piece, at most. */
const PIECE_BYTES = 2 ** 20;

/** Milliseconds after which an unfinished upload counts as abandoned by a killed process. */
const ABANDONED_MS = 24 * 3_600_000;

const SWEEP_EVERY_MS = 60_000;
const NAMES_A_STATEMENT = 1_000;
const ROWS_A_PAGE = 500;

/** Complete bytes, with the first piece of them; `null` if they are none. */
interface WholeObject {
  readonly id: number;
  readonly size_bytes: number;
  readonly bytes: Uint8Array | null;
}

/** The byte store of the metadata database, which stays its owner's to close. */
export class MetadataByteStore implements ByteStore {
  readonly #dialect: Dialect;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async read(
    team: string,
    name: string,
    { signal }: ByteCallOptions = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    signal?.throwIfAborted();
    const whole = await this.#find(team, name);
    return whole && streamOf(this.#piecesOf(whole, name, signal));
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    await this.#sweep();
    const pieces = inPieces(checkedChunks(body, check, signal), PIECE_BYTES);
    if (check.sizeBytes <= PIECE_BYTES)
      return await this.#writeOne(team, name, await collectBytes(pieces), check);
    const id = await insertObject(this.#dialect, this.#dialect.kysely, { team, name, check, isWhole: false });
    try {
      let place = 0;
      for await (const bytes of pieces) {
        await this.#dialect.kysely.insertInto("byte_piece").values({ object_id: id, place, bytes }).execute();
        place += 1;
      }
      await this.#replace(team, name, async (transaction) => {
        await transaction
          .updateTable("byte_object")
          .set({ is_whole: 1, created_at: this.#dialect.now })
          .where("id", "=", id)
          .execute();
      });
    } catch (error) {
      // The error is the body's, or the database's, which then sweeps later.
      await this.#remove(id).catch(() => undefined);
      throw error;
    }
  }

  async stat(
    team: string,
    names: readonly string[],
    { signal }: ByteCallOptions = {},
  ): Promise<Map<string, ByteStat>> {
    const { kysely, now } = this.#dialect;
    const found = new Map<string, ByteStat>();
    for (const some of chunksOf(names, NAMES_A_STATEMENT)) {
      signal?.throwIfAborted();
      const rows = await kysely
        .selectFrom("byte_object")
        .select(["name", "size_bytes", sql<number>`${now} - created_at`.as("age_ms")])
        .where("team", "=", team)
        .where("name", "in", some)
        .where("is_whole", "=", 1)
        .execute();
      for (const row of rows) found.set(row.name, { sizeBytes: row.size_bytes, ageMs: row.age_ms });
    }
    return found;
  }

  async delete(team: string, names: readonly string[]): Promise<void> {
    for (const some of chunksOf(names, NAMES_A_STATEMENT)) {
      await this.#dialect.kysely
        .deleteFrom("byte_object")
        .where("team", "=", team)
        .where("name", "in", some)
        .where("is_whole", "=", 1)
        .execute();
    }
  }

  async *list(): AsyncGenerator<ListedBytes> {
    const { kysely, now } = this.#dialect;
    for (let after = 0; ;) {
      const rows = await kysely
        .selectFrom("byte_object")
        .select(["id", "team", "name", "size_bytes", sql<number>`${now} - created_at`.as("age_ms")])
        .where("is_whole", "=", 1)
        .where("id", ">", after)
        .orderBy("id")
        .limit(ROWS_A_PAGE)
        .execute();
      for (const { team, name, size_bytes: sizeBytes, age_ms: ageMs } of rows)
        yield { team, name, sizeBytes, ageMs };
      const last = rows.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  async close(): Promise<void> {}

  async #find(team: string, name: string): Promise<WholeObject | undefined> {
    return await this.#dialect.kysely
      .selectFrom("byte_object")
      .leftJoin("byte_piece", (join) => join.onRef("object_id", "=", "byte_object.id").on("place", "=", 0))
      .select(["byte_object.id", "size_bytes", "bytes"])
      .where("team", "=", team)
      .where("name", "=", name)
      .where("is_whole", "=", 1)
      .executeTakeFirst();
  }

  async *#piecesOf(
    { id, size_bytes, bytes }: WholeObject,
    name: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    if (bytes) yield bytes;
    let sizeBytes = bytes?.length ?? 0;
    for (let place = bytes ? 1 : 0; sizeBytes < size_bytes; place += 1) {
      signal?.throwIfAborted();
      const piece = await this.#dialect.kysely
        .selectFrom("byte_piece")
        .select("bytes")
        .where("object_id", "=", id)
        .where("place", "=", place)
        .executeTakeFirst();
      if (!piece) throw new Error(`the bytes ${name} were replaced or deleted while they were being read`);
      sizeBytes += piece.bytes.length;
      yield piece.bytes;
    }
  }

  /** Bytes of a single piece: one transaction, and so one wait for the disk. */
  async #writeOne(team: string, name: string, bytes: Uint8Array, check: ByteCheck): Promise<void> {
    await this.#replace(team, name, async (transaction) => {
      const id = await insertObject(this.#dialect, transaction, { team, name, check, isWhole: true });
      if (bytes.length === 0) return;
      await transaction.insertInto("byte_piece").values({ object_id: id, place: 0, bytes }).execute();
    });
  }

  /** Writers of one name take turns; the last one's bytes stay. */
  async #replace(
    team: string,
    name: string,
    write: (transaction: Transaction<Schema>) => Promise<void>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#dialect.kysely.transaction().execute(async (transaction) => {
          await transaction
            .deleteFrom("byte_object")
            .where("team", "=", team)
            .where("name", "=", name)
            .where("is_whole", "=", 1)
            .execute();
          await write(transaction);
        });
        return;
      } catch (error) {
        // Another writer of the name came between: its bytes are seen the next time, and replaced.
        if (attempt === MOST_ATTEMPTS || !(await this.#find(team, name))) throw error;
      }
    }
  }

  async #remove(id: number): Promise<void> {
    await this.#dialect.kysely.deleteFrom("byte_object").where("id", "=", id).execute();
  }

  /** Now and then, before bytes are written. */
  async #sweep(): Promise<void> {
    if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = performance.now();
    const { kysely, now } = this.#dialect;
    await kysely
      .deleteFrom("byte_object")
      .where("is_whole", "=", 0)
      .where("created_at", "<", sql<number>`${now} - ${sql.lit(ABANDONED_MS)}`)
      .execute();
  }
}

interface NewObject {
  readonly team: string;
  readonly name: string;
  readonly check: ByteCheck;
  readonly isWhole: boolean;
}

async function insertObject(
  { now }: Dialect,
  kysely: Kysely<Schema>,
  { team, name, check, isWhole }: NewObject,
): Promise<number> {
  const { id } = await kysely
    .insertInto("byte_object")
    .values({
      team,
      name,
      size_bytes: check.sizeBytes,
      sha256: check.sha256,
      is_whole: isWhole ? 1 : 0,
      created_at: now,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

const MOST_ATTEMPTS = 20;

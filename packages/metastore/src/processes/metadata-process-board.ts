// The processes of services, in the metadata database.

import type { NewServiceProcess, ProcessBoard, ServiceProcess } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";

/** See the file. */
export class MetadataProcessBoard implements ProcessBoard {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async beat({ id, kind, host, pid, version, slots }: NewServiceProcess, forgetMs: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    const beat = { slots, beat_at: now };
    await kysely
      .insertInto("service_process")
      .values({
        id,
        kind,
        host: storableText(host),
        pid,
        version: storableText(version),
        started_at: now,
        ...beat,
      })
      .onConflict((conflict) => conflict.column("id").doUpdateSet(beat))
      .execute();
    await kysely
      .deleteFrom("service_process")
      .where("beat_at", "<", sql<number>`${now} - ${sql.lit(forgetMs)}`)
      .execute();
  }

  async remove(id: string): Promise<void> {
    await this.#dialect.kysely.deleteFrom("service_process").where("id", "=", id).execute();
  }

  async list(): Promise<ServiceProcess[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("service_process")
      .selectAll()
      .select(sql<number>`${now}`.as("now"))
      .orderBy("kind")
      .orderBy("started_at")
      .orderBy("id")
      .execute();
    return rows.map(({ id, kind, host, pid, version, slots, started_at, beat_at, now: readAt }) => ({
      id,
      kind,
      host,
      pid,
      version,
      slots,
      startedAt: started_at,
      beatAt: beat_at,
      silentMs: Math.max(0, Number(readAt) - beat_at),
    }));
  }
}

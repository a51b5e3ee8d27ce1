// The schedules of Dags in the metadata database.

import type { DueDags, PlanOutcome, SchedulePlan, ScheduleStore } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { writePlan } from "./write-plan.ts";

/** The schedule store of the metadata database. */
export class MetadataScheduleStore implements ScheduleStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async readClock(): Promise<number> {
    const { kysely, now } = this.#dialect;
    const row = await kysely.selectNoFrom(now.as("now")).executeTakeFirstOrThrow();
    return row.now;
  }

  async listDueDags(now: number): Promise<DueDags> {
    const { kysely } = this.#dialect;
    const planned = kysely.selectFrom("dag").where("is_active", "=", 1).where("is_paused", "=", 0);
    const rows = await planned
      .select(["team", "dag_id", "version_id", "planned_version_id", "next_date", "last_date"])
      .where((where) =>
        where.or([
          where("next_date", "<=", now),
          where("planned_version_id", "is distinct from", where.ref("version_id")),
        ]),
      )
      .orderBy("next_date")
      .orderBy("team")
      .orderBy("dag_id")
      .execute();
    const next = await planned
      .select((select) => select.fn.min("next_date").as("next_date"))
      .where("next_date", ">", now)
      .executeTakeFirst();
    return {
      dags: rows.map((row) => ({
        team: row.team,
        dagId: row.dag_id,
        versionId: row.version_id,
        plannedVersionId: row.planned_version_id,
        nextDate: row.next_date,
        lastDate: row.last_date,
      })),
      nextDate: next?.next_date ?? null,
    };
  }

  async writePlan(plan: SchedulePlan): Promise<PlanOutcome> {
    const outcome = await this.#dialect.transaction(() => writePlan(this.#dialect, plan));
    // The write is committed in any case; a scheduler that misses the notification polls.
    if (outcome.kind === "planned" && outcome.run) {
      await this.#dialect.announceRuns().catch(() => undefined);
    }
    return outcome;
  }
}

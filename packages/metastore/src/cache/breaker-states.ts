// Which schedulers leave the cache alone at the moment: a row for each, gone when all is well again.

import type { BreakerState } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";

/** A scheduler's report of its circuit breaker. */
export interface BreakerReport {
  readonly scheduler: string;
  readonly state: BreakerState;
  /** When it came to that state, by the scheduler's clock, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** The last failure. */
  readonly error: string | null;
}

/** A report of a breaker that is not closed. */
export interface ReportedBreaker extends BreakerReport {
  readonly state: Exclude<BreakerState, "closed">;
}

/** Reports of schedulers, each good for as long as its writer said. */
export class BreakerStates {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Notes a state for `ttlMs` milliseconds of the database's clock; a closed one is forgotten. */
  async report({ scheduler, state, since, error }: BreakerReport, ttlMs: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    if (state === "closed") {
      await kysely.deleteFrom("cache_breaker").where("scheduler", "=", scheduler).execute();
      return;
    }
    const values = {
      state,
      since,
      error: error === null ? null : storableText(error),
      expires_at: sql<number>`${now} + ${sql.lit(ttlMs)}`,
    };
    await kysely
      .insertInto("cache_breaker")
      .values({ scheduler, ...values })
      .onConflict((conflict) => conflict.column("scheduler").doUpdateSet(values))
      .execute();
  }

  /** Breakers that are not closed, of schedulers with a recent heartbeat; the oldest first. */
  async list(): Promise<ReportedBreaker[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_breaker")
      .select(["scheduler", "state", "since", "error"])
      .where("expires_at", ">", this.#dialect.now)
      .orderBy("since")
      .orderBy("scheduler")
      .execute();
    return rows.map((row) => ({ ...row, state: row.state as ReportedBreaker["state"] }));
  }
}

// The switch in the database that turns caching off and on for all schedulers at once.

import type { AuditAct } from "@memodag/core";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import { statement } from "../transaction-script.ts";

/** How the switch stands, and who turned it so. */
export interface SwitchTurn {
  readonly isEnabled: boolean;
  /** As given by the user who turned it. */
  readonly reason: string | null;
  readonly changedBy: string;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly changedAt: number;
}

/** Every turn of the switch is kept; the last one holds. */
export class CacheSwitch {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The last turn; undefined when it was never turned, and caching is on. */
  async find(): Promise<SwitchTurn | undefined> {
    const [last] = await this.list(1);
    return last;
  }

  /** Turns, latest first. */
  async list(limit: number): Promise<SwitchTurn[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_switch")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      isEnabled: row.is_enabled === 1,
      reason: row.reason,
      changedBy: row.changed_by,
      changedAt: row.changed_at,
    }));
  }

  /** `act` is written down in the same transaction. */
  async turn({ isEnabled, reason, changedBy }: Omit<SwitchTurn, "changedAt">, act?: AuditAct): Promise<void> {
    const dialect = this.#dialect;
    await dialect.transaction(function* () {
      yield* statement(
        dialect.kysely.insertInto("cache_switch").values({
          is_enabled: isEnabled ? 1 : 0,
          reason: reason === null ? null : storableText(reason),
          changed_by: storableText(changedBy),
          changed_at: dialect.now,
        }),
      );
      yield* writeAct(dialect, act, null);
    });
  }
}

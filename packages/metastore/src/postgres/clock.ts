// The database's clock on PostgreSQL.

import { sql, type RawBuilder } from "kysely";

/** Milliseconds since the Unix epoch; one value within a statement. Not now(), which is the transaction's. */
export const NOW_MS = "(extract(epoch from statement_timestamp()) * 1000)::bigint";

/** {@link NOW_MS} for Kysely. */
export const now: RawBuilder<number> = sql.raw<number>(NOW_MS);

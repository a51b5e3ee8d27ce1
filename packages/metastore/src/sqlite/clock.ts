// The database's clock on SQLite.

import { sql, type RawBuilder } from "kysely";

/** Milliseconds since the Unix epoch; one value within a statement. */
export const NOW_MS = "cast(round(unixepoch('subsec') * 1000) as integer)";

/** {@link NOW_MS} for Kysely. */
export const now: RawBuilder<number> = sql.raw<number>(NOW_MS);

// Reads the database's clock.

import type { Dialect } from "./dialect.ts";

/** In milliseconds since the Unix epoch. */
export async function readClock({ kysely, now }: Dialect): Promise<number> {
  const row = await kysely.selectNoFrom(now.as("now")).executeTakeFirstOrThrow();
  return row.now;
}

// Opens a database with the code of its dialect.

import type { DatabaseUrl } from "./database-url.ts";
import type { Dialect } from "./dialect.ts";
import type { PostgresOptions } from "./postgres/connection.ts";
import type { SqliteOptions } from "./sqlite/connection.ts";

/** Options of opening a database. */
export interface MetastoreOptions {
  /** The base of a relative path in a `sqlite:` URL. Default: the working directory. */
  readonly folder?: string;
  readonly sqlite?: SqliteOptions;
  readonly postgres?: PostgresOptions;
}

/** Loads one dialect and its driver: loading both would double the time of a short command. */
export async function openDialect(url: DatabaseUrl, options: MetastoreOptions): Promise<Dialect> {
  switch (url.dialect) {
    case "sqlite": {
      const { openSqlite } = await import("./sqlite/dialect.ts");
      return await openSqlite(url.path, options.sqlite ?? {});
    }
    case "postgres": {
      const { openPostgres } = await import("./postgres/dialect.ts");
      return await openPostgres(url.url, options.postgres ?? {});
    }
  }
}

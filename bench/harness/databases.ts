// A fresh migrated database of each kind, for as long as a benchmark runs.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMetastore, type DialectName, type Metastore } from "@memodag/metastore";
import { PostgresServer } from "@memodag/test/postgres-server";

/** An open database, and where bare drivers find it. */
export interface BenchDatabase {
  readonly dialect: DialectName;
  readonly metastore: Metastore;
  /** As a config file names it. */
  readonly url: string;
  /** A file path on SQLite, a url on PostgreSQL. */
  readonly location: string;
}

/** Calls `work` with a database of each kind, one after the other. */
export async function onEachDatabase(work: (database: BenchDatabase) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-"));
  try {
    const path = join(folder, "metadata.db");
    await withMetastore("sqlite", `sqlite:${path}`, path, work);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const server = await PostgresServer.create();
  try {
    const url = server.url("postgres");
    await withMetastore("postgres", url, url, work);
  } finally {
    await server.stop();
  }
}

async function withMetastore(
  dialect: DialectName,
  url: string,
  location: string,
  work: (database: BenchDatabase) => Promise<void>,
): Promise<void> {
  const metastore = await openMetastore(url);
  try {
    await metastore.migrate();
    await work({ dialect, metastore, url, location });
  } finally {
    await metastore.close();
  }
}

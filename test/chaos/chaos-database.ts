// The database of a chaos test, which may be crashed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMetastore, type DialectName, type Metastore } from "@memodag/metastore";
import { PostgresServer } from "@memodag/test/postgres-server";

/** A migrated database. */
export interface ChaosDatabase extends AsyncDisposable {
  readonly url: string;
  readonly metastore: Metastore;
  /** Of this test alone, since it is crashed. SQLite has none: it is in the processes that are killed. */
  readonly server: PostgresServer | undefined;
}

/** Makes a database of this test alone. */
export async function openChaosDatabase(dialect: DialectName): Promise<ChaosDatabase> {
  const server = dialect === "postgres" ? await PostgresServer.create() : undefined;
  const folder = mkdtempSync(join(tmpdir(), "memodag-chaos-database-"));
  const url = server?.url("postgres") ?? `sqlite:${join(folder, "metadata.db")}`;
  const metastore = await openMetastore(url);
  await metastore.migrate();
  const dispose = async (): Promise<void> => {
    await metastore.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, metastore, server, [Symbol.asyncDispose]: dispose };
}

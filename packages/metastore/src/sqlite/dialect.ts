// SQLite as memodag sees it.

import { sql, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { OwnChanges, watchCommits } from "./change-feed.ts";
import { claimRuns } from "./claim-runs.ts";
import { now } from "./clock.ts";
import { openSqliteConnection, type SqliteOptions } from "./connection.ts";
import { countHits } from "./count-hits.ts";
import { deleteRecords } from "./delete-records.ts";
import { deleteResults } from "./delete-results.ts";
import { findRecords } from "./find-records.ts";
import { listEarlierKeys } from "./list-earlier-keys.ts";
import { listNearestKeys } from "./list-nearest-keys.ts";
import { lockPlaces } from "./lock-places.ts";
import { releaseLeases, renewLeases } from "./many-leases.ts";
import { restoredRows } from "./restored-rows.ts";
import { purgeFound } from "./purge-found.ts";
import { readResults } from "./read-results.ts";
import { sqliteSchema } from "./schema-dialect.ts";
import { writePass } from "./write-pass.ts";
import { LARGEST_RESULT_BYTES, writeResults } from "./write-results.ts";

/** Milliseconds for which a process waits for others that migrate the same file: on a slow disk, one takes seconds. */
const MIGRATION_WAIT_MS = 120_000;

/**
 * Opens a SQLite file.
 * @throws MemodagError `database_unreachable`
 */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Dialect> {
  const connection = openSqliteConnection(path, options);
  const attempts = new OwnChanges();
  return {
    name: "sqlite",
    kysely: connection.kysely,
    schema: sqliteSchema,
    maxResultBytes: LARGEST_RESULT_BYTES,
    now,
    broad: (condition) => sql<SqlBool>`likely(${condition})`,
    lockingRows: (query) => query,
    transaction: (script) => connection.runScript(script),
    lockPlaces,
    restoredRows,
    awaitingMigration: (work) => connection.withBusyTimeout(MIGRATION_WAIT_MS, work),
    // Every transaction is the only one that writes.
    lockForMigration: async () => undefined,
    copySide: async () => (await import("./copy-side.ts")).sqliteCopySide,
    changes: "checked",
    announceRuns: async () => undefined,
    watchRuns: async (listener) => watchCommits(connection, listener),
    announceAttempts: async () => attempts.announce(),
    async announcingAttempts(change) {
      const rows = await change.execute();
      if (rows.length > 0) attempts.announce();
      return rows;
    },
    // No commit is: `synchronous` is NORMAL.
    unflushed: sql.lit(1).as("unflushed"),
    watchAttempts: async (listener) => attempts.watch(connection, listener),
    claimRuns: (request) => claimRuns(connection, request),
    writePass: (pass, how) => writePass(connection, pass, how),
    findRecords: (team, keys, call) => findRecords(connection, team, keys, call),
    countHits: (team, hits) => countHits(connection, team, hits),
    readResults: (team, digests, call) => readResults(connection, team, digests, call),
    writeResults: (team, results) => writeResults(connection, team, results),
    deleteResults: (team, digests, olderThanMs) => deleteResults(connection, team, digests, olderThanMs),
    renewLeases: (leases, leaseMs) => renewLeases(connection, leases, leaseMs),
    releaseLeases: (leases) => releaseLeases(connection, leases),
    deleteRecords: (records, cause) => deleteRecords(connection, records, cause),
    purgeFound: (found, cause) => purgeFound(connection, found, cause),
    listEarlierKeys: (asked, limit) => listEarlierKeys(connection, asked, limit),
    listNearestKeys: (asked, parts, limit) => listNearestKeys(connection, asked, parts, limit),
    onConnectionBroken: () => undefined,
    giveBackPages: (most, kept) => connection.giveBackPages(most, kept),
    close: () => connection.close(),
  };
}

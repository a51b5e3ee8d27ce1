// PostgreSQL as memodag sees it.

import { sql } from "kysely";
import type { ChangingQuery, Dialect } from "../dialect.ts";
import { announce, watch } from "./change-feed.ts";
import { claimRuns } from "./claim-runs.ts";
import { now } from "./clock.ts";
import { openPostgresConnection, type PostgresOptions } from "./connection.ts";
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
import { postgresSchema } from "./schema-dialect.ts";
import { writePass } from "./write-pass.ts";
import { LARGEST_RESULT_BYTES, writeResults } from "./write-results.ts";

/** Names the lock that migrators take; any number that nothing else uses. */
const MIGRATION_LOCK = 7_236_839_014;

/**
 * Opens a PostgreSQL database.
 * @throws MemodagError `database_unreachable`
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Dialect> {
  const connection = await openPostgresConnection(url, options);
  return {
    name: "postgres",
    kysely: connection.kysely,
    schema: postgresSchema,
    maxResultBytes: LARGEST_RESULT_BYTES,
    now,
    broad: (condition) => condition,
    lockingRows: (query, others) => (others === "skip" ? query.forUpdate().skipLocked() : query.forUpdate()),
    transaction: (script) => connection.runScript(script),
    lockPlaces: (places) => lockPlaces(connection, places),
    restoredRows,
    awaitingMigration: (work) => work(),
    async lockForMigration(transaction) {
      // Others' migrations are waited for, and one's own take as long as they take.
      await sql`set local statement_timeout = 0`.execute(transaction);
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction);
      await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(transaction);
    },
    copySide: async () => (await import("./copy-side.ts")).postgresCopySide,
    changes: "pushed",
    announceRuns: () => announce(connection, "memodag_runs"),
    watchRuns: (listener) => watch(connection, "memodag_runs", listener),
    announceAttempts: () => announce(connection, "memodag_attempts"),
    // One commit for both: each is flushed to disk, and those that notify wait for one another.
    async announcingAttempts<Row>(change: ChangingQuery<Row>) {
      const both = sql<Row>`with changed as (${change})
        select changed.*, pg_notify('memodag_attempts', '') as notified from changed`;
      return (await both.execute(connection.kysely)).rows;
    },
    // Until the end of the transaction, which is that of the statement.
    unflushed: sql`set_config('synchronous_commit', 'off', true)`.as("unflushed"),
    watchAttempts: (listener) => watch(connection, "memodag_attempts", listener),
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
    onConnectionBroken: (listener) => connection.connections.onBroken(listener),
    // Autovacuum has them written anew.
    giveBackPages: async () => 0,
    close: () => connection.close(),
  };
}

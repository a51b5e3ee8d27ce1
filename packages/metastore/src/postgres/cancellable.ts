// Runs a query that a signal ends: on the server, not in the waiting alone.

import { Client, type PoolClient, type QueryConfig, type QueryResultRow } from "pg";
import type { PostgresConnection } from "./connection.ts";

/** Milliseconds that cancelling may take before the connection is given up with its query. */
const CANCEL_TIMEOUT_MS = 1_000;

const QUERY_CANCELED = "57014";

/**
 * Resolves to the query's rows. When the signal is aborted first, rejects with its reason at once; the
 * query is then cancelled through a connection of its own, and the pool gets the connection back only
 * when nothing of it is left there.
 */
export async function cancellableQuery<Row extends QueryResultRow>(
  connection: PostgresConnection,
  query: QueryConfig,
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  if (!signal) return (await connection.pool.query<Row>(query)).rows;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const work = runOnClient<Row>(connection, query, signal);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // The caller was rejected with the signal's reason; the query is expected to fail after that.
    work.catch(() => undefined);
  }
}

async function runOnClient<Row extends QueryResultRow>(
  connection: PostgresConnection,
  query: QueryConfig,
  signal: AbortSignal,
): Promise<Row[]> {
  const client = await connection.pool.connect();
  if (signal.aborted) {
    client.release();
    throw signal.reason;
  }
  let cancelling: Promise<boolean> | undefined;
  const onAbort = (): void => {
    cancelling = cancel(connection, client);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return (await client.query<Row>(query)).rows;
  } finally {
    signal.removeEventListener("abort", onAbort);
    client.release(cancelling !== undefined && !((await cancelling) && (await isQuiet(client))));
  }
}

/** Resolves to false when the query could not be reached; its connection is then destroyed. */
async function cancel(connection: PostgresConnection, client: PoolClient): Promise<boolean> {
  const control = new Client({ ...connection.config, connectionTimeoutMillis: CANCEL_TIMEOUT_MS });
  control.on("error", () => undefined);
  const giveUp = setTimeout(() => {
    client.connection.stream.destroy();
    control.connection.stream.destroy();
  }, CANCEL_TIMEOUT_MS);
  try {
    await control.connect();
    await control.query("select pg_cancel_backend($1)", [backendOf(client)]);
    return true;
  } catch {
    // The server cannot be reached by this way, so its answer to the query is not awaited either.
    client.connection.stream.destroy();
    return false;
  } finally {
    clearTimeout(giveUp);
    await control.end().catch(() => undefined);
  }
}

/** The server's process behind a connection; pg has it, and its types do not. */
function backendOf(client: PoolClient): number | null {
  return (client as PoolClient & { readonly processID: number | null }).processID;
}

/** A cancellation that came after its query ended hits the next one: this one, which may be lost. */
async function isQuiet(client: PoolClient): Promise<boolean> {
  try {
    await client.query("select");
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === QUERY_CANCELED;
  }
}

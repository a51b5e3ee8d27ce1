// Opens a PostgreSQL database: a pool, its settings, and a transaction on one of its connections.

import { MemodagError, messageOf } from "@memodag/core";
import { Kysely, PostgresDialect } from "kysely";
import { DatabaseError, Pool, types, type ClientBase, type PoolConfig } from "pg";
import { redactUrl } from "../database-url.ts";
import type { Schema } from "../tables/schema.ts";
import type { TransactionScript } from "../transaction-script.ts";
import {
  WATCH_SETTINGS,
  watchedClientClass,
  WatchedConnections,
  type WatchSettings,
} from "./watched-client.ts";

/** Settings of a PostgreSQL pool. */
export interface PostgresOptions {
  /** Connections at most. Default 10. */
  readonly maxConnections?: number;
  /** Milliseconds after which the server ends a statement; 10 minutes unless said otherwise. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds that making a connection may take. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Has the server refuse what would write. Default: false. */
  readonly isReadOnly?: boolean;
  /** Used where the url has none; else `PGPASSWORD` is. */
  readonly password?: string;
  /** How connections are judged on which no answer comes. */
  readonly watch?: WatchSettings;
}

const OLDEST_VERSION = 15;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_MAX_CONNECTIONS = 10;
/** Longer than any statement of this program but a migration takes, which says so itself. */
const DEFAULT_STATEMENT_TIMEOUT_MS = 600_000;
/** A transaction between whose statements nothing happens for so long has lost its client, and holds locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
/** Without a word for so long, the operating system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 15_000;

/** An open pool. */
export class PostgresConnection {
  readonly kysely: Kysely<Schema>;
  readonly pool: Pool;
  /** The config for another connection to the same database. */
  readonly config: PoolConfig;
  /** All connections to the database but those that ask after others. */
  readonly connections: WatchedConnections;

  constructor(config: PoolConfig, watch: WatchSettings = WATCH_SETTINGS) {
    this.config = config;
    this.connections = new WatchedConnections(watch);
    this.pool = new Pool({ ...config, Client: watchedClientClass(this.connections) });
    // A connection that breaks is replaced, and its query, if any, rejects. Without these listeners it
    // would end the process: the pool's hears of idle connections, each client's of its own.
    this.pool.on("error", () => undefined);
    this.pool.on("connect", (client) => client.on("error", () => undefined));
    this.kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.pool }) });
  }

  /** Closes the pool when its connections are back; nothing happens when it is closed already. */
  async close(): Promise<void> {
    if (!this.pool.ending) await this.pool.end();
  }

  /** Runs a script in one transaction. */
  async runScript<T>(start: () => TransactionScript<T>): Promise<T> {
    return await this.transaction((client) => this.runWithin(client, start()));
  }

  /** Runs a script in the transaction that is open on a client. */
  async runWithin<T>(client: ClientBase, script: TransactionScript<T>): Promise<T> {
    let step = script.next();
    while (!step.done) {
      const { sql, parameters } = step.value;
      const { rows } = await client.query<Record<string, unknown>>(sql, [...parameters]);
      step = script.next(rows);
    }
    return step.value;
  }

  /** Runs `work` in one transaction, which is rolled back when it throws. */
  async transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query("begin");
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

/**
 * Opens the database and makes sure that the server is new enough.
 * @throws MemodagError `database_unreachable`
 */
export async function openPostgresConnection(
  url: string,
  options: PostgresOptions,
): Promise<PostgresConnection> {
  const config: PoolConfig = {
    connectionString: options.password === undefined ? url : withPassword(url, options.password),
    application_name: "memodag",
    max: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    connectionTimeoutMillis: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    allowExitOnIdle: true,
    types: { getTypeParser },
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    onConnect: async (client) => {
      const readOnly = options.isReadOnly ? "set default_transaction_read_only = on; " : "";
      const timeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
      // Set here and not at the connection's start: a pooler refuses what it does not know there.
      await client.query(
        `set statement_timeout = ${timeoutMs}; ${readOnly}set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
      );
    },
  };
  const connection = new PostgresConnection(config, options.watch);
  try {
    const { rows } = await connection.pool.query<{ version: number }>(
      "select current_setting('server_version_num')::int / 10000 as version",
    );
    const version = rows[0]?.version ?? 0;
    if (version >= OLDEST_VERSION) return connection;
    throw new Error(`it is PostgreSQL ${version}, and ${OLDEST_VERSION} is the oldest that will do`);
  } catch (error) {
    await connection.close();
    throw new MemodagError(
      "database_unreachable",
      `cannot open the database ${redactUrl(url)} (${reasonOf(error)}): ` +
        "check that it runs, and the host, user, password and name in [database] url",
      { cause: error, fields: { url: redactUrl(url) } },
    );
  }
}

/** In the query, since a url without a host takes none before it. */
function withPassword(url: string, password: string): string {
  const parsed = new URL(url);
  if (parsed.password === "" && !parsed.searchParams.has("password")) {
    parsed.searchParams.set("password", password);
  }
  return parsed.href;
}

/** When every address of a host refuses, the message is empty and the reasons are within. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
}

/** 64-bit integers, and the sums of them, as numbers: for this pool alone, since pg's own table is global. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === types.builtins.INT8 || oid === types.builtins.NUMERIC) return Number;
  return types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

const FOREIGN_KEY_VIOLATION = "23503";

/** True when a statement failed since a row that it refers to is not there, or is still referred to. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === FOREIGN_KEY_VIOLATION;
}

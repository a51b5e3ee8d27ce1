// Opens a SQLite file: one connection, its settings, and its prepared statements.

import { closeSync, existsSync, mkdirSync, openSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { MemodagError, messageOf, monotonicMs, OWN_FILE_MODE, OWN_FOLDER_MODE } from "@memodag/core";
import Database, { type Database as Driver, type Statement } from "better-sqlite3";
import { Kysely, type CompiledQuery } from "kysely";
import { IN_MEMORY } from "../database-url.ts";
import type { Schema } from "../tables/schema.ts";
import { storableParameters } from "../storable-text.ts";
import type { TransactionScript } from "../transaction-script.ts";
import { ImmediateSqliteDialect } from "./kysely-dialect.ts";

/** Milliseconds for which a write waits for another process. */
const DEFAULT_BUSY_TIMEOUT_MS = 5_000;

/**
 * Log size in pages from which on a commit copies the log into the file, and waits for the disk. Four times
 * SQLite's own, so that this falls to those who write most: they do it by themselves, before it is so many.
 */
const CHECKPOINT_PAGES = 4_000;

/**
 * Prepared statements that are kept. The program has some hundred texts; those of scripts differ in the number of
 * their rows and in constants.
 */
const STATEMENTS_KEPT = 256;

/** The number of `auto_vacuum = INCREMENTAL`. */
const INCREMENTAL = 2;

/** Rounds of copying, at most: concurrent writes are copied in another round. */
const CHECKPOINT_ROUNDS = 3;

/** Settings of a SQLite connection. */
export interface SqliteOptions {
  /** Milliseconds for which a call may wait for a lock. The thread is blocked for as long. Default 5000. */
  readonly busyTimeoutMs?: number;
  /** Pages to which the file may grow, or as many as it has: writing more fails as on a full disk. */
  readonly maxPages?: number;
  /** Opens a file that exists, to be read alone. */
  readonly isReadOnly?: boolean;
}

/** A prepared statement. */
export type SqliteStatement = Statement<unknown[]>;

/** The result of a checkpoint; pages are counted from the log's beginning. */
interface CheckpointState {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** One connection. SQLite's calls block; what spans several awaits is kept apart by Kysely's lock. */
export class SqliteConnection {
  readonly kysely: Kysely<Schema>;
  readonly #driver: Driver;
  /** By text, the one used least recently first. */
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(driver: Driver) {
    this.#driver = driver;
    // Compiling a statement takes longer than most of them do.
    const database = { prepare: (sql: string) => this.statement(sql), close: () => driver.close() };
    this.kysely = new Kysely<Schema>({ dialect: new ImmediateSqliteDialect({ database }) });
  }

  get isOpen(): boolean {
    return this.#driver.open;
  }

  /** Runs synchronous work when no transaction of Kysely is open on the connection. */
  async exclusive<T>(work: () => T): Promise<T> {
    return await this.kysely.connection().execute(async () => work());
  }

  /** Runs a script in one transaction. */
  async runScript<T>(start: () => TransactionScript<T>): Promise<T> {
    return await this.transaction(() => this.runWithin(start()));
  }

  /** Runs a script in the transaction that is open. */
  runWithin<T>(script: TransactionScript<T>): T {
    let step = script.next();
    while (!step.done) step = script.next(this.#rowsOf(step.value));
    return step.value;
  }

  /** Runs synchronous work in one transaction that holds the write lock from its start. */
  async transaction<T>(work: () => T): Promise<T> {
    return await this.exclusive(() => this.#driver.transaction(work).immediate());
  }

  /**
   * A transaction that writes much, and copies that out of the log at once, when it has let go of the lock:
   * left there, it would fall to the next one who writes a little, and keep that waiting for the disk.
   */
  async bulkTransaction<T>(work: () => T): Promise<T> {
    const result = await this.transaction(work);
    await this.exclusive(() => this.#checkpoint());
    return result;
  }

  /** Waits for no lock. Where another connection is at it or reads what was before, the rest is left to the next. */
  #checkpoint(): void {
    for (let round = 0; round < CHECKPOINT_ROUNDS; round += 1) {
      const [state] = this.#driver.pragma("wal_checkpoint(PASSIVE)") as CheckpointState[];
      if (!state || state.busy !== 0 || state.log === state.checkpointed) return;
    }
  }

  /**
   * Gives up to `most` free pages back to the file system, unless fewer than the share `kept` of the file would be free
   * then. Resolves to their bytes: 0 for a file whose pages stay.
   */
  async giveBackPages(most: number, kept: number): Promise<number> {
    const read = (name: string): number => Number(this.#driver.pragma(name, { simple: true }));
    const excess = (): number =>
      read("auto_vacuum") === INCREMENTAL ? read("freelist_count") - Math.ceil(read("page_count") * kept) : 0;
    // Looking first spares others the lock.
    if ((await this.exclusive(excess)) <= 0) return 0;
    return await this.bulkTransaction(() => {
      const before = read("page_count");
      const pages = Math.min(most, excess());
      if (pages > 0) this.#driver.pragma(`incremental_vacuum(${pages})`);
      return (before - read("page_count")) * read("page_size");
    });
  }

  #rowsOf({ sql, parameters }: CompiledQuery): readonly unknown[] {
    const statement = this.statement(sql);
    if (statement.reader) return statement.all(...parameters);
    statement.run(...parameters);
    return [];
  }

  /** Does work whose calls may wait for a lock for another time than the connection's own. */
  async withBusyTimeout<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const own = Number(this.#driver.pragma("busy_timeout", { simple: true }));
    this.#driver.pragma(`busy_timeout = ${ms}`);
    try {
      return await work();
    } finally {
      this.#driver.pragma(`busy_timeout = ${own}`);
    }
  }

  /** Closes the file; nothing happens when it is closed already. */
  async close(): Promise<void> {
    if (this.#driver.open) await this.exclusive(() => this.#driver.close());
  }

  /** The statement of that text; prepared once, as long as it is among those that were used last. */
  statement(sql: string): SqliteStatement {
    const statement = this.#statements.get(sql) ?? this.#driver.prepare<unknown[]>(sql);
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    for (const oldest of this.#statements.keys()) {
      if (this.#statements.size <= STATEMENTS_KEPT) break;
      this.#statements.delete(oldest);
    }
    return statement;
  }

  /** Prepared statements that are kept. */
  get keptStatements(): number {
    return this.#statements.size;
  }
}

/**
 * Opens the file, making its folder where that is missing.
 * @throws MemodagError `database_unreachable`
 */
export function openSqliteConnection(path: string, options: SqliteOptions): SqliteConnection {
  const busyTimeoutMs = options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS;
  let driver: Driver | undefined;
  try {
    if (options.isReadOnly) {
      const reader = new Database(path, { timeout: busyTimeoutMs, readonly: true, fileMustExist: true });
      return new SqliteConnection(reader);
    }
    if (path !== IN_MEMORY) makeFile(path);
    driver = new Database(path, { timeout: busyTimeoutMs });
    // Only a file without tables takes it: with it, pages can be given back without writing all others anew.
    if (path === IN_MEMORY || statSync(path).size === 0) driver.pragma("auto_vacuum = INCREMENTAL");
    useWriteAheadLog(driver, busyTimeoutMs);
    driver.pragma("synchronous = NORMAL");
    driver.pragma("foreign_keys = ON");
    // Keys are random: what is written next to one another lies all over the file. SQLite's own 2 MB make
    // deleting records twice as slow when there are many.
    driver.pragma("cache_size = -32768");
    driver.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (options.maxPages !== undefined) driver.pragma(`max_page_count = ${options.maxPages}`);
    guardStatements(driver, path === IN_MEMORY ? () => undefined : watchFile(path));
    return new SqliteConnection(driver);
  } catch (error) {
    driver?.close();
    throw new MemodagError(
      "database_unreachable",
      `cannot open the database sqlite:${path} (${messageOf(error)}): ${openingRemedy(path)}`,
      { cause: error, fields: { url: `sqlite:${path}` } },
    );
  }
}

/** Below this many free bytes SQLite cannot make the files that it needs next to its own. */
const ROOM_TO_OPEN_BYTES = 2 ** 17;

/** Returns the remedy for a file that could not be opened. SQLite reports a full disk as an I/O error. */
function openingRemedy(path: string): string {
  const folder = dirname(path);
  if (path !== IN_MEMORY && existsSync(folder)) {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < ROOM_TO_OPEN_BYTES) return `the disk of ${folder} is full: free space on it`;
  }
  return "check that [database] url names a SQLite file in a folder that can be written to";
}

/** How often it is looked whether the file is still the one that was opened, in milliseconds. */
const LOOK_AT_FILE_MS = 500;

/**
 * Throws what SQLite says of a file that was moved, once another one or none is under its path: the file that is
 * open would go on to be written to, and be gone with the process.
 */
function watchFile(path: string): () => void {
  const identity = (): string | undefined => {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false });
    return file && `${file.dev}:${file.ino}`;
  };
  const opened = identity();
  let lookedAt = monotonicMs();
  return () => {
    const now = monotonicMs();
    if (now - lookedAt < LOOK_AT_FILE_MS) return;
    if (identity() === opened) {
      lookedAt = now;
      return;
    }
    throw new Database.SqliteError(
      `the file ${path} was removed or replaced while it was open`,
      "SQLITE_READONLY_DBMOVED",
    );
  };
}

/**
 * Has every statement of a driver look after the file first, and take its parameters as PostgreSQL would: SQLite
 * alone takes U+0000.
 */
function guardStatements(driver: Driver, checkFile: () => void): void {
  const prepare = driver.prepare.bind(driver);
  driver.prepare = ((source: string) => {
    const statement = prepare(source);
    for (const name of ["run", "get", "all", "iterate"] as const) {
      const call: Function = statement[name];
      const stored = (...parameters: unknown[]): unknown => {
        checkFile();
        return Reflect.apply(call, statement, storableParameters(parameters));
      };
      Object.defineProperty(statement, name, { value: stored });
    }
    return statement;
  }) as typeof driver.prepare;
}

/** Makes a file that its user alone can read; SQLite gives those beside it the same permissions. */
function makeFile(path: string): void {
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, "wx", OWN_FILE_MODE));
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

/** Makes a folder and those above it. Node's own `recursive` never returns for one below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: OWN_FOLDER_MODE });
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
}

const RETRY_MS = 20;

/** Changing the journal does not wait for locks by itself, so that processes starting at once would fail. */
function useWriteAheadLog(driver: Driver, busyTimeoutMs: number): void {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      driver.pragma("journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || waitedMs >= busyTimeoutMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

/** True when a row could not be inserted since one of its primary key is there. */
export function isPrimaryKeyViolation(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === "SQLITE_CONSTRAINT_PRIMARYKEY";
}

/** True when a statement failed since a row that it refers to is not there, or is still referred to. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === "SQLITE_CONSTRAINT_FOREIGNKEY";
}

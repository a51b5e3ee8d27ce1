// Tells other processes of runs to claim and hears of theirs, on PostgreSQL: NOTIFY and LISTEN.

import type { Watch } from "@memodag/core";
import { Client } from "pg";
import type { PostgresConnection } from "./connection.ts";

const CHANNEL = "memodag_runs";

/** Pauses between attempts to connect again, in milliseconds: doubled from the first to the last. */
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 5_000;

/** Rings for everybody who watches, this process included. */
export async function announceRuns({ pool }: PostgresConnection): Promise<void> {
  await pool.query({ name: "announce_runs", text: `select pg_notify('${CHANNEL}', '')` });
}

/** Listens on a connection of its own, and connects again whenever that breaks. */
export async function watchRuns(connection: PostgresConnection, listener: () => void): Promise<Watch> {
  const watch = new Listening(connection, listener);
  await watch.start();
  return watch;
}

class Listening implements Watch {
  readonly #connection: PostgresConnection;
  readonly #listener: () => void;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #restMs = FIRST_REST_MS;
  #isClosed = false;

  constructor(connection: PostgresConnection, listener: () => void) {
    this.#connection = connection;
    this.#listener = listener;
  }

  /** Resolves when it listens, or has failed to once. */
  async start(): Promise<void> {
    const { connectionString, connectionTimeoutMillis, application_name } = this.#connection.config;
    // A peer that is gone without a word is noticed by TCP; nothing is ever sent here after LISTEN.
    const client = new Client({
      connectionString,
      connectionTimeoutMillis,
      application_name,
      keepAlive: true,
    });
    this.#client = client;
    client.on("notification", this.#listener);
    client.on("error", () => undefined);
    client.on("end", () => this.#startAgain(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#restMs = FIRST_REST_MS;
      // What was said while nobody listened is not said again.
      this.#listener();
    } catch {
      this.#startAgain(client);
      await client.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  #startAgain(broken: Client): void {
    if (this.#isClosed || this.#client !== broken) return;
    this.#client = undefined;
    this.#timer = setTimeout(() => void this.start(), this.#restMs);
    this.#timer.unref();
    this.#restMs = Math.min(2 * this.#restMs, LONGEST_REST_MS);
  }
}

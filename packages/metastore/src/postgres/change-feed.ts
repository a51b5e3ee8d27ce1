// Tells other processes of changes and hears of theirs, on PostgreSQL: NOTIFY and LISTEN.

import type { Watch } from "@memodag/core";
import type { Client } from "pg";
import type { PostgresConnection } from "./connection.ts";
import { WatchedClient } from "./watched-client.ts";

/** `memodag_runs`: there may be a run to claim. `memodag_attempts`: attempts of other machines have changed. */
export type Channel = "memodag_runs" | "memodag_attempts";

/** Pauses between attempts to connect again, in milliseconds: doubled from the first to the last. */
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 5_000;

/** Nothing else is sent here after LISTEN, and what is lost on the way is never said: so it is asked, so often. */
const PING_EVERY_MS = 15_000;

/** Notifies every process that watches a channel, including this one. */
export async function announce({ pool }: PostgresConnection, channel: Channel): Promise<void> {
  await pool.query({ name: `announce_${channel}`, text: `select pg_notify('${channel}', '')` });
}

/** Listens on a connection of its own, and connects again whenever that breaks. */
export async function watch(
  connection: PostgresConnection,
  channel: Channel,
  listener: () => void,
): Promise<Watch> {
  const listening = new Listening(connection, channel, listener);
  await listening.start();
  return listening;
}

class Listening implements Watch {
  readonly #connection: PostgresConnection;
  readonly #channel: Channel;
  readonly #listener: () => void;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #restMs = FIRST_REST_MS;
  #isClosed = false;

  constructor(connection: PostgresConnection, channel: Channel, listener: () => void) {
    this.#connection = connection;
    this.#channel = channel;
    this.#listener = listener;
  }

  /** Resolves when it listens, or has failed to once. */
  async start(): Promise<void> {
    const { connectionString, connectionTimeoutMillis, application_name } = this.#connection.config;
    const client: Client = new WatchedClient(this.#connection.connections, {
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
      await client.query(`listen ${this.#channel}`);
      this.#restMs = FIRST_REST_MS;
      // Notifications that were sent while the listener was disconnected are lost.
      this.#listener();
      this.#ping(client);
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

  /** A server that does not answer loses its connection, which is then made anew. */
  #ping(client: Client): void {
    if (this.#isClosed || this.#client !== client) return;
    const pingEveryMs = Math.min(PING_EVERY_MS, 2 * this.#connection.connections.settings.silentMs);
    this.#timer = setTimeout(() => {
      client.query("select 1").then(
        () => this.#ping(client),
        () => undefined,
      );
    }, pingEveryMs);
    this.#timer.unref();
  }

  #startAgain(broken: Client): void {
    if (this.#isClosed || this.#client !== broken) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.start(), this.#restMs);
    this.#timer.unref();
    this.#restMs = Math.min(2 * this.#restMs, LONGEST_REST_MS);
  }
}

// The least that has to be done to get and to create a value: the floors of getOrCreate.

import { createClient } from "@redis/client";
import Database from "better-sqlite3";
import { Client } from "pg";
import type { BenchDatabase } from "../harness/databases.ts";

/** A hit and a miss without a cache around them. */
export interface BareValues {
  readonly name: string;
  hit(key: string): Promise<unknown>;
  miss(key: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}

/** The values of a program of one process: text, since each caller gets a copy of its own. */
export function bareMap(): BareValues {
  const kept = new Map<string, string>();
  return {
    name: "a map of JSON",
    hit: async (key) => JSON.parse(kept.get(key) ?? ""),
    miss: async (key, value) => void kept.set(key, JSON.stringify(value)),
    close: async () => undefined,
  };
}

/** `GET`, and `GET` and `SET`, by the client that the adapter uses as well. */
export async function bareRedis(url: string): Promise<BareValues> {
  const client = await createClient({ url, RESP: 2 }).connect();
  return {
    name: "bare Redis",
    hit: async (key) => JSON.parse((await client.get(`bare:${key}`)) ?? ""),
    async miss(key, value) {
      if ((await client.get(`bare:${key}`)) !== null) throw new Error(`${key} is there`);
      await client.set(`bare:${key}`, JSON.stringify(value), { PX: 3_600_000 });
    },
    close: async () => client.destroy(),
  };
}

/** A select, and a select and an insert, by the bare driver. */
export async function bareDatabase({ dialect, location }: BenchDatabase): Promise<BareValues> {
  return dialect === "sqlite" ? bareSqlite(location) : await barePostgres(location);
}

const TABLE = "create table bench_value (key text primary key, body text)";

function bareSqlite(path: string): BareValues {
  const database = new Database(path);
  database.pragma("synchronous = normal");
  database.exec(TABLE);
  const select = database.prepare("select body from bench_value where key = ?");
  const insert = database.prepare("insert into bench_value values (?, ?)");
  const find = (key: string) => select.get(key) as { body: string } | undefined;
  return {
    name: "bare better-sqlite3",
    hit: async (key) => JSON.parse(find(key)?.body ?? ""),
    async miss(key, value) {
      if (find(key)) throw new Error(`${key} is there`);
      insert.run(key, JSON.stringify(value));
    },
    close: async () => void database.close(),
  };
}

async function barePostgres(url: string): Promise<BareValues> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(TABLE);
  const find = async (key: string): Promise<string | undefined> => {
    const text = "select body from bench_value where key = $1";
    const { rows } = await client.query<{ body: string }>({ name: "find", text, values: [key] });
    return rows[0]?.body;
  };
  return {
    name: "bare pg",
    hit: async (key) => JSON.parse((await find(key)) ?? ""),
    async miss(key, value) {
      if ((await find(key)) !== undefined) throw new Error(`${key} is there`);
      const values = [key, JSON.stringify(value)];
      await client.query({ name: "insert", text: "insert into bench_value values ($1, $2)", values });
    },
    close: () => client.end(),
  };
}

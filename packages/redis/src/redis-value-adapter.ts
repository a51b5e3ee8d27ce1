// Values and leases on Redis or Valkey. Times are by its clock.

import {
  NO_VALUE_COUNTS,
  VALUE_COUNTS,
  type EncodedValue,
  type NewValue,
  type StoredValue,
  type ValueAdapter,
  type ValueClaim,
  type ValueCounts,
  type ValuePlace,
} from "@memodag/value-cache";
import { RedisConnection, type RedisAddress, type RedisArgument, type RedisClient } from "./connection.ts";
import type { Script } from "./script.ts";
import {
  ACQUIRE,
  CLEAR,
  CLEAR_PREFIX,
  DELETE,
  FIND,
  LIST_KEYS,
  PUT,
  RELEASE,
  REMOVE_CLEARED,
  RENEW,
  SIZE,
  whole,
} from "./value-scripts.ts";

/** Options of {@link openRedisValues}. */
export interface RedisValueOptions extends RedisAddress {
  /** Prefix of the names of all keys, so that a database can be shared. Default `memodag`. */
  readonly prefix?: string;
}

const KEYS_A_CALL = 500;

/**
 * Opens value caches on a server. One that is away at the moment is connected to as soon as it is there; until then
 * calls fail, and creators run without it.
 * @throws MemodagError `usage` for what is not a URL of Redis
 */
export async function openRedisValues(options: RedisValueOptions): Promise<ValueAdapter> {
  const connection = new RedisConnection(options);
  await connection.connect();
  return new RedisValueAdapter(connection, options.prefix);
}

/** The adapter of value caches on Redis. */
class RedisValueAdapter implements ValueAdapter {
  readonly scope = "all";
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  /** Who waits for the lease of a key, by channel. */
  readonly #waiting = new Map<string, Map<string, Set<() => void>>>();
  #subscriber: RedisClient | undefined;

  /** @param connection closed with this adapter */
  constructor(connection: RedisConnection, prefix: string = "memodag") {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async find(place: ValuePlace, keys: readonly string[]): Promise<Map<string, StoredValue>> {
    const found = new Map<string, StoredValue>();
    for (let start = 0; start < keys.length; start += KEYS_A_CALL) {
      const some = keys.slice(start, start + KEYS_A_CALL);
      const rows = (await this.#run(place, FIND, some)) as [number, Buffer, Buffer, Buffer, Buffer][];
      for (const [index, kind, body, ttl, age] of rows) {
        const key = some[index];
        if (key === undefined) continue;
        const ttlMs = ttl.length === 0 ? null : Number(ttl);
        found.set(key, { value: toValue(String(kind), body), ttlMs, ageMs: Number(age) });
      }
    }
    return found;
  }

  async put(
    place: ValuePlace,
    key: string,
    { value, ttlMs, keepMs }: NewValue,
    token: number | null,
  ): Promise<"stored" | "overtaken"> {
    const body = value.kind === "bytes" ? Buffer.from(value.bytes) : Buffer.from(value.text);
    const times = [ttlMs, keepMs, token].map((number) => (number === null ? "" : String(number)));
    const stored = await this.#run(place, PUT, [key, value.kind, body, ...times]);
    return stored === 1 ? "stored" : "overtaken";
  }

  async delete(place: ValuePlace, key: string): Promise<boolean> {
    return (await this.#run(place, DELETE, [key])) === 1;
  }

  async clear(place: ValuePlace, prefix: string | undefined): Promise<number> {
    if (prefix === undefined) {
      const count = (await this.#run(place, CLEAR, [])) as number;
      while ((await this.#run(place, REMOVE_CLEARED, [])) === 1);
      return count;
    }
    for (let sum = 0; ;) {
      const [found, count] = (await this.#run(place, CLEAR_PREFIX, [prefix])) as [number, number];
      sum += count;
      if (found === 0) return sum;
    }
  }

  async tryAcquire(place: ValuePlace, key: string, holder: string, leaseMs: number): Promise<ValueClaim> {
    const [isAcquired, said] = (await this.#run(place, ACQUIRE, [key, holder, whole(leaseMs)])) as [
      number,
      Buffer,
    ];
    return isAcquired === 1
      ? { kind: "acquired", token: Number(said) }
      : { kind: "held", holder: String(said) };
  }

  async tryRenew(place: ValuePlace, key: string, token: number, leaseMs: number): Promise<boolean> {
    return (await this.#run(place, RENEW, [key, String(token), whole(leaseMs)])) === 1;
  }

  async release(place: ValuePlace, key: string, token: number): Promise<void> {
    await this.#run(place, RELEASE, [key, String(token)]);
  }

  onFreed(place: ValuePlace, key: string, wake: () => void): () => void {
    const channel = `${this.#baseOf(place)}freed`;
    let waiting = this.#waiting.get(channel);
    if (!waiting) {
      this.#waiting.set(channel, (waiting = new Map()));
      // Without it, waiters ask from time to time.
      this.#subscribe(channel, waiting).catch(() => this.#waiting.delete(channel));
    }
    const wakes = waiting.get(key) ?? new Set();
    waiting.set(key, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && waiting.get(key) === wakes) waiting.delete(key);
    };
  }

  async size(place: ValuePlace): Promise<number> {
    return (await this.#run(place, SIZE, [])) as number;
  }

  async listKeys(place: ValuePlace, limit: number): Promise<string[]> {
    return ((await this.#run(place, LIST_KEYS, [String(limit)])) as Buffer[]).map(String);
  }

  async addCounts(place: ValuePlace, counts: ValueCounts): Promise<void> {
    const { client } = this.#connection;
    const name = `${this.#baseOf(place)}counts`;
    const changes = VALUE_COUNTS.filter((count) => counts[count] !== 0);
    await Promise.all(changes.map((count) => client.hIncrBy(name, count, counts[count])));
  }

  async readCounts(place: ValuePlace): Promise<ValueCounts> {
    const counts = await this.#connection.client.hmGet(`${this.#baseOf(place)}counts`, [...VALUE_COUNTS]);
    const entries = VALUE_COUNTS.map((name, index) => [name, Number(counts[index] ?? 0)]);
    return { ...NO_VALUE_COUNTS, ...Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    this.#connection.close();
    if (this.#subscriber?.isOpen) this.#subscriber.destroy();
    this.#subscriber = undefined;
    this.#waiting.clear();
  }

  /** Returns the prefix of the names of a cache's keys; neither a team nor a cache can end the tag within. */
  #baseOf({ team, cache }: ValuePlace): string {
    return `${this.#prefix}:{${encodeURIComponent(team)}:${encodeURIComponent(cache)}}:`;
  }

  async #run(place: ValuePlace, script: Script, args: readonly RedisArgument[]): Promise<unknown> {
    return await this.#connection.run(script, this.#baseOf(place), args);
  }

  async #subscribe(channel: string, waiting: ReadonlyMap<string, ReadonlySet<() => void>>): Promise<void> {
    if (!this.#subscriber) {
      this.#subscriber = this.#connection.duplicate();
      this.#subscriber.on("error", () => undefined);
      await this.#subscriber.connect();
    }
    await this.#subscriber.subscribe(channel, (key) => {
      for (const wake of waiting.get(key) ?? []) wake();
    });
  }
}

function toValue(kind: string, body: Buffer): EncodedValue {
  if (kind === "bytes") return { kind, bytes: body };
  return { kind: kind === "error" ? "error" : "json", text: body.toString() };
}

// Values and leases on Redis or Valkey. Times are by its clock.

import { MemodagError, messageOf } from "@memodag/core";
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
import { createClient, RESP_TYPES } from "@redis/client";
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
  type Script,
} from "./scripts.ts";

/** Options of {@link openRedisValues}. */
export interface RedisValueOptions {
  /** Such as `redis://localhost:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /** Used where the URL has none. */
  readonly password?: string;
  /** Prefix of the names of all keys, so that a database can be shared. Default `memodag`. */
  readonly prefix?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_MS = 2_000;
const KEYS_A_CALL = 500;

type Client = ReturnType<typeof makeClient>;
type Argument = string | Buffer;

/**
 * Opens value caches on a server. One that is away at the moment is connected to as soon as it is there; until then
 * calls fail, and creators run without it.
 * @throws MemodagError `usage` for what is not a URL of Redis
 */
export async function openRedisValues(options: RedisValueOptions): Promise<ValueAdapter> {
  const adapter = new RedisValueAdapter(options);
  await adapter.connect();
  return adapter;
}

/** The adapter of value caches on Redis. */
class RedisValueAdapter implements ValueAdapter {
  readonly scope = "all";
  readonly #client: Client;
  readonly #prefix: string;
  /** Who waits for the lease of a key, by channel. */
  readonly #waiting = new Map<string, Map<string, Set<() => void>>>();
  #subscriber: Client | undefined;
  #fault = "it was not connected yet";

  constructor(options: RedisValueOptions) {
    this.#client = makeClient(options);
    this.#prefix = options.prefix ?? "memodag";
    this.#client.on("error", (error: unknown) => (this.#fault = messageOf(error)));
  }

  /** Resolves when it is connected, or the first attempt has failed. */
  async connect(): Promise<void> {
    const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
    this.#client.once("error", () => fail());
    // It goes on trying by itself, and ends when it is closed.
    await Promise.race([
      this.#client.connect().then(
        () => undefined,
        () => undefined,
      ),
      failed,
    ]);
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
    const client = this.#connected();
    const name = `${this.#baseOf(place)}counts`;
    const changes = VALUE_COUNTS.filter((count) => counts[count] !== 0);
    await Promise.all(changes.map((count) => client.hIncrBy(name, count, counts[count])));
  }

  async readCounts(place: ValuePlace): Promise<ValueCounts> {
    const counts = await this.#connected().hmGet(`${this.#baseOf(place)}counts`, [...VALUE_COUNTS]);
    const entries = VALUE_COUNTS.map((name, index) => [name, Number(counts[index] ?? 0)]);
    return { ...NO_VALUE_COUNTS, ...Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    for (const client of [this.#client, this.#subscriber]) if (client?.isOpen) client.destroy();
    this.#subscriber = undefined;
    this.#waiting.clear();
  }

  /** Returns the prefix of the names of a cache's keys; neither a team nor a cache can end the tag within. */
  #baseOf({ team, cache }: ValuePlace): string {
    return `${this.#prefix}:{${encodeURIComponent(team)}:${encodeURIComponent(cache)}}:`;
  }

  /** Redis keeps scripts until it restarts. */
  async #run(place: ValuePlace, { sha1, source }: Script, args: readonly Argument[]): Promise<unknown> {
    const client = this.#connected();
    const rest = ["1", this.#baseOf(place), ...args];
    try {
      return await client.sendCommand(["EVALSHA", sha1, ...rest], { typeMapping: BUFFERS });
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
      return await client.sendCommand(["EVAL", source, ...rest], { typeMapping: BUFFERS });
    }
  }

  /** @throws Error at once when there is no connection: a caller is not to wait for one */
  #connected(): Client {
    if (this.#client.isReady) return this.#client;
    throw new Error(`no connection to Redis: ${this.#fault}`);
  }

  async #subscribe(channel: string, waiting: ReadonlyMap<string, ReadonlySet<() => void>>): Promise<void> {
    if (!this.#subscriber) {
      this.#subscriber = this.#client.duplicate();
      this.#subscriber.on("error", () => undefined);
      await this.#subscriber.connect();
    }
    await this.#subscriber.subscribe(channel, (key) => {
      for (const wake of waiting.get(key) ?? []) wake();
    });
  }
}

const BUFFERS = { [RESP_TYPES.BLOB_STRING]: Buffer };

function makeClient({ url, password }: RedisValueOptions) {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new MemodagError("usage", "the URL of Redis is none: use one such as redis://localhost:6379");
  }
  return createClient({
    url,
    ...(password !== undefined && new URL(url).password === "" && { password }),
    RESP: 2,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_RECONNECT_MS),
    },
  });
}

/** Redis takes whole milliseconds, and 1 at least. */
function whole(ms: number): string {
  return String(Math.max(1, Math.round(ms)));
}

function toValue(kind: string, body: Buffer): EncodedValue {
  if (kind === "bytes") return { kind, bytes: body };
  return { kind: kind === "error" ? "error" : "json", text: body.toString() };
}

// A value cache whose store is on the other side of a channel, such as that of a worker to its scheduler.

import type { JsonValue } from "@memodag/core";
import { toWire, fromWire, type WireStored } from "./wire.ts";
import type {
  NewValue,
  StoredValue,
  ValueAdapter,
  ValueClaim,
  ValueCounts,
  ValuePlace,
} from "../value-adapter.ts";
import { ValueCache } from "../value-cache.ts";

/** Calls a method of the cache on the other side. */
export type AskCache = (method: string, args: readonly JsonValue[]) => Promise<JsonValue | undefined>;

interface Opened {
  readonly scope: "process" | "all";
  readonly isEnabled: boolean;
  readonly ttlMs: number | null;
  readonly leaseMs: number;
  readonly maxValueBytes: number;
}

/** Opens a cache by its name; the other side knows its settings and whose it is. */
export async function openRemoteValueCache(name: string, ask: AskCache): Promise<ValueCache> {
  const opened = (await ask("open", [])) as unknown as Opened;
  return new ValueCache({
    name,
    adapter: new RemoteValueAdapter(ask, opened.scope),
    defaultTtl: opened.ttlMs,
    lease: opened.leaseMs,
    maxValueBytes: opened.maxValueBytes,
    isEnabled: () => opened.isEnabled,
    holder: "task",
  });
}

/** Keeps nothing here. The other side holds and renews leases, and names their holder. */
class RemoteValueAdapter implements ValueAdapter {
  readonly scope: "process" | "all";
  readonly #ask: AskCache;

  constructor(ask: AskCache, scope: "process" | "all") {
    this.#ask = ask;
    this.scope = scope;
  }

  async find(_place: ValuePlace, keys: readonly string[]): Promise<Map<string, StoredValue>> {
    const rows = (await this.#ask("find", [keys])) as unknown as [string, WireStored][];
    return new Map(rows.map(([key, stored]) => [key, { ...stored, value: fromWire(stored.value) }]));
  }

  async put(
    _place: ValuePlace,
    key: string,
    { value, ttlMs, keepMs }: NewValue,
    token: number | null,
  ): Promise<"stored" | "overtaken"> {
    return (await this.#ask("put", [key, toWire(value), ttlMs, keepMs, token])) as "stored" | "overtaken";
  }

  async delete(_place: ValuePlace, key: string): Promise<boolean> {
    return (await this.#ask("delete", [key])) as boolean;
  }

  async clear(_place: ValuePlace, prefix: string | undefined): Promise<number> {
    return (await this.#ask("clear", [prefix ?? null])) as number;
  }

  async tryAcquire(_place: ValuePlace, key: string): Promise<ValueClaim> {
    return (await this.#ask("claim", [key])) as unknown as ValueClaim;
  }

  async tryRenew(_place: ValuePlace, key: string, token: number): Promise<boolean> {
    return (await this.#ask("held", [key, token])) as boolean;
  }

  async release(_place: ValuePlace, key: string, token: number): Promise<void> {
    await this.#ask("free", [key, token]);
  }

  async size(): Promise<number> {
    return (await this.#ask("size", [])) as number;
  }

  async listKeys(_place: ValuePlace, limit: number): Promise<string[]> {
    return (await this.#ask("keys", [limit])) as string[];
  }

  async addCounts(_place: ValuePlace, counts: ValueCounts): Promise<void> {
    await this.#ask("count", [{ ...counts }]);
  }

  async readCounts(): Promise<ValueCounts> {
    return (await this.#ask("counts", [])) as unknown as ValueCounts;
  }

  async close(): Promise<void> {}
}

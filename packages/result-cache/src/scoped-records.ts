// The records of a deployment with scopes as one store: it finds those of every scope that it may read, and writes to its
// own scope alone.

import type { Digest } from "@memodag/core";
import type {
  CacheRecord,
  FoundRecord,
  PutMode,
  PutOutcome,
  NewCacheRecord,
  RecordFilter,
  RecordHits,
  RecordPage,
  RecordPut,
  RecordStore,
  StoreCallOptions,
  TaskRecordStats,
} from "./record-store.ts";
import type { LeaseToken } from "./lease-store.ts";
import type { OutsideScope } from "./outside-scope.ts";
import type { Removal, RemovalCause } from "./removal.ts";
import type { RecordRetention } from "./retention-ports.ts";
import { ownedScope, readableScope, type Scopes } from "./scopes.ts";

/** Finds records of one team in several scopes by one call; in the order of the scopes. */
export type FindInScopes = (
  team: string,
  scopes: readonly string[],
  keys: readonly Digest[],
  options: StoreCallOptions,
) => Promise<ReadonlyMap<string, ReadonlyMap<Digest, FoundRecord>>>;

/** The parts of {@link ScopedRecords}. */
export interface ScopedRecordsParts {
  readonly scopes: Scopes;
  /** The records of one scope; called once for each. */
  readonly open: (scope: string) => RecordStore;
  /** Those of the scopes that are in another database; `null`: this store has nothing of that scope. */
  readonly outside?: ReadonlyMap<string, OutsideScope | null>;
  /** For a store that can ask for all scopes at once; absent: each is asked, all at the same time. */
  readonly findInScopes?: FindInScopes | undefined;
}

/**
 * Every method but `find` is for one scope: the own one or, for listing and purging, that of the filter. Hits of records
 * of another scope are not counted there. Rejects with a `MemodagError` `scope_not_readable` or `scope_not_owned`
 * otherwise.
 */
export class ScopedRecords implements RecordStore {
  readonly #parts: ScopedRecordsParts;
  readonly #opened = new Map<string, RecordStore>();

  constructor(parts: ScopedRecordsParts) {
    this.#parts = parts;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, FoundRecord>> {
    const { scopes, outside } = this.#parts;
    const inside = [scopes.own, ...scopes.reads].filter((scope) => !outside?.has(scope));
    const found = await this.#findInside(team, inside, keys, options);
    if (inside.length === scopes.reads.length + 1) return found;
    const ranks = new Map([scopes.own, ...scopes.reads].map((scope, rank) => [scope, rank]));
    const rankOf = (record: FoundRecord | undefined): number =>
      record ? (ranks.get(record.scope ?? scopes.own) ?? 0) : Infinity;
    const asked = scopes.reads.flatMap((scope) => outside?.get(scope) ?? []);
    const answers = await Promise.all(
      asked.map(async (scope) => {
        const rank = ranks.get(scope.name) ?? Infinity;
        const further = keys.filter((key) => rankOf(found.get(key)) > rank);
        return further.length === 0 ? undefined : await scope.find(team, further, options);
      }),
    );
    options.signal?.throwIfAborted();
    for (const records of answers)
      for (const [key, record] of records ?? [])
        if (rankOf(found.get(key)) > rankOf(record)) found.set(key, record);
    return found;
  }

  /** Failures that another scope remembers are not used: what failed there may work here. */
  async #findInside(
    team: string,
    names: readonly string[],
    keys: readonly Digest[],
    options: StoreCallOptions,
  ): Promise<Map<Digest, FoundRecord>> {
    const { scopes, findInScopes } = this.#parts;
    const found = new Map<Digest, FoundRecord>();
    const take = (scope: string, records: ReadonlyMap<Digest, FoundRecord>): void => {
      for (const [key, record] of records) {
        if (found.has(key)) continue;
        if (scope === scopes.own) found.set(key, record);
        else if (record.error === null) found.set(key, { ...record, scope });
      }
    };
    if (findInScopes) {
      for (const [scope, records] of await findInScopes(team, names, keys, options)) take(scope, records);
      return found;
    }
    const each = await Promise.all(names.map((scope) => this.#in(scope).find(team, keys, options)));
    for (const [index, records] of each.entries()) take(names[index] ?? scopes.own, records);
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode, lease?: LeaseToken): Promise<PutOutcome> {
    return await this.#own().put(record, mode, lease);
  }

  async putAll(puts: readonly RecordPut[]): Promise<readonly PutOutcome[] | undefined> {
    return await this.#own().putAll?.(puts);
  }

  async touch(team: string, hits: readonly RecordHits[]): Promise<void> {
    await this.#own().touch(team, hits);
  }

  async list({ scope: wanted, ...filter }: RecordFilter, page: RecordPage): Promise<CacheRecord[]> {
    const scope = readableScope(this.#parts.scopes, wanted);
    const records = (await this.#readerOf(scope)?.list(filter, page)) ?? [];
    return records.map((record) => ({ ...record, scope }));
  }

  async stats({ scope, ...filter }: RecordFilter): Promise<TaskRecordStats[]> {
    return (await this.#readerOf(readableScope(this.#parts.scopes, scope))?.stats(filter)) ?? [];
  }

  async count({ scope, ...filter }: RecordFilter): Promise<number> {
    return (await this.#readerOf(readableScope(this.#parts.scopes, scope))?.count(filter)) ?? 0;
  }

  async purge({ scope, ...filter }: RecordFilter, cause?: RemovalCause): Promise<number> {
    return await this.#in(ownedScope(this.#parts.scopes, scope)).purge(filter, cause);
  }

  async findRemovals(team: string, keys: readonly Digest[]): Promise<Map<Digest, Removal> | undefined> {
    return await this.#own().findRemovals?.(team, keys);
  }

  async retention(): Promise<RecordRetention | undefined> {
    return await this.#own().retention?.();
  }

  #readerOf(scope: string): Pick<RecordStore, "list" | "stats" | "count"> | undefined {
    const outside = this.#parts.outside?.get(scope);
    return outside === undefined ? this.#in(scope) : outside?.records;
  }

  #own(): RecordStore {
    return this.#in(this.#parts.scopes.own);
  }

  #in(scope: string): RecordStore {
    const records = this.#opened.get(scope) ?? this.#parts.open(scope);
    this.#opened.set(scope, records);
    return records;
  }
}

// A place in a job cache, as handlers use it: saves, loads and lists entries.

import {
  ENTRIES_A_REPLY,
  JOB_CACHE,
  MemodagError,
  canonicalBytes,
  checkEntryKey,
  compareEntryKeys,
  coversSelection,
  type EntryAnswer,
  type EntryRef,
  type EntryRequest,
  type EntrySelection,
  type EntrySnapshot,
  type SaveRequest,
} from "@memodag/core";
import type { EntryValue, JobCache, SaveOptions } from "../context/job-cache.ts";
import type { EntryBody } from "./entry-body.ts";
import { bytesOf, present, refOf, ttlOf, unexpected } from "./entry-replies.ts";
import type { JobCaches } from "./job-caches.ts";

/** A job cache, or a group of one. */
export class PlaceInCache implements JobCache {
  readonly #caches: JobCaches;
  readonly #cache: string;
  /** Empty, or ends with a slash. */
  readonly #prefix: string;

  /** @param cache the cache's name; default: the job cache of the run */
  constructor(caches: JobCaches, cache: string = JOB_CACHE, prefix = "") {
    this.#caches = caches;
    this.#cache = cache;
    this.#prefix = prefix;
  }

  group(name: string): JobCache {
    const path = checkEntryKey(name, "The group");
    return new PlaceInCache(this.#caches, this.#cache, `${checkEntryKey(this.#prefix + path, "The group")}/`);
  }

  async save(key: string, value: EntryValue, options: SaveOptions = {}): Promise<EntryRef> {
    return await this.#caches.write(() => this.#save(this.#keyOf(key), value, options));
  }

  async #save(
    full: string,
    value: EntryValue,
    { now = false, ifAbsent = false, ttl }: SaveOptions,
  ): Promise<EntryRef> {
    if (ifAbsent) this.#caches.noteIfAbsent(this.#cache, full);
    const transfer = await this.#caches.transfer();
    const body = await transfer.take(value);
    try {
      return await this.#send(full, body, {
        isNow: now,
        ifAbsent,
        ...(ttl !== undefined && { ttlMs: ttlOf(ttl) }),
      });
    } finally {
      await body.close();
    }
  }

  async #send(
    full: string,
    body: EntryBody,
    how: Pick<SaveRequest, "isNow" | "ifAbsent" | "ttlMs">,
  ): Promise<EntryRef> {
    const { digest, md5, sizeBytes } = body;
    const ref: EntryRef = { cache: this.#cache, key: full, digest, sizeBytes };
    const request: SaveRequest = {
      op: "save",
      cache: this.#cache,
      key: full,
      digest,
      md5,
      sizeBytes,
      ...how,
    };
    let { reply } = await this.#caches.ask(request, body.inline);
    if (reply.kind === "send") ({ reply } = await this.#caches.ask(request, await body.whole()));
    if (reply.kind === "upload") {
      await body.writeTo(reply.grant);
      ({ reply } = await this.#caches.ask({ op: "uploaded", upload: reply.upload }));
    }
    if (reply.kind === "present") throw present(ref);
    if (reply.kind !== "saved") throw unexpected(reply);
    this.#caches.ownOf(this.#cache).set(full, ref);
    return ref;
  }

  async saveJson(key: string, value: unknown, options?: SaveOptions): Promise<EntryRef> {
    return await this.save(key, canonicalBytes(value), options);
  }

  async load(entry: string | EntryRef): Promise<Uint8Array> {
    const answer = await this.#openEntry(entry);
    if (!answer) throw this.#notFound(entry as string);
    return await (await this.#caches.transfer()).collect(answer);
  }

  async loadText(entry: string | EntryRef): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true }).decode(await this.load(entry));
  }

  async loadJson<T>(entry: string | EntryRef): Promise<T> {
    return JSON.parse(await this.loadText(entry)) as T;
  }

  async find(key: string): Promise<Uint8Array | undefined> {
    const answer = await this.#openEntry(key);
    return answer && (await (await this.#caches.transfer()).collect(answer));
  }

  async open(entry: string | EntryRef): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.#openEntry(entry);
    if (!answer) throw this.#notFound(entry as string);
    return (await this.#caches.transfer()).stream(answer);
  }

  async download(entry: string | EntryRef, path: string): Promise<void> {
    const answer = await this.#openEntry(entry);
    if (!answer) throw this.#notFound(entry as string);
    await (await this.#caches.transfer()).download(answer, path);
  }

  async has(key: string): Promise<boolean> {
    return (await this.findRef(key)) !== undefined;
  }

  async findRef(key: string): Promise<EntryRef | undefined> {
    const full = this.#keyOf(key);
    const known = this.#known(full);
    if (known) return known.ref;
    const { reply } = await this.#caches.ask({
      op: "find",
      cache: this.#cache,
      key: full,
      wantsBytes: false,
    });
    if (reply.kind === "entry") return reply.ref;
    if (reply.kind === "absent") return undefined;
    throw unexpected(reply);
  }

  async delete(key: string): Promise<boolean> {
    return await this.#caches.write(async () => {
      const full = this.#keyOf(key);
      // The answer depends on the entry that the task sees.
      const known = this.#known(full);
      const { reply } = await this.#caches.ask({ op: "remove", cache: this.#cache, key: full });
      if (reply.kind !== "removed") throw unexpected(reply);
      this.#caches.ownOf(this.#cache).set(full, null);
      return known ? known.ref !== undefined : reply.was;
    });
  }

  async *keys({ deep = false }: { readonly deep?: boolean } = {}): AsyncGenerator<string> {
    for await (const { key } of this.#entries(deep)) yield key.slice(this.#prefix.length);
  }

  async *groups(): AsyncGenerator<string> {
    const selection = { kind: "group", prefix: this.#prefix, isDeep: true } as const;
    const snapshot = this.#caches.snapshotFor(this.#cache, selection);
    if (!snapshot) {
      const { reply } = await this.#caches.ask({ op: "groups", cache: this.#cache, prefix: this.#prefix });
      if (reply.kind !== "groups") throw unexpected(reply);
      yield* reply.names;
      return;
    }
    const names = new Set<string>();
    for (const { key } of this.#merged(snapshot, selection)) {
      const [first = "", ...rest] = key.slice(this.#prefix.length).split("/");
      if (rest.length > 0) names.add(first);
    }
    yield* [...names].sort(compareEntryKeys);
  }

  async *items(): AsyncGenerator<[key: string, bytes: Uint8Array]> {
    for await (const ref of this.#entries(false)) {
      const answer = await this.#openAsSeen(ref);
      if (answer) {
        const bytes = await (await this.#caches.transfer()).collect(answer);
        yield [ref.key.slice(this.#prefix.length), bytes];
      }
    }
  }

  async *#entries(isDeep: boolean): AsyncGenerator<EntryRef> {
    const prefix = this.#prefix;
    const selection = { kind: "group", prefix, isDeep } as const;
    const snapshot = this.#caches.snapshotFor(this.#cache, selection);
    if (snapshot) {
      yield* this.#merged(snapshot, selection);
      return;
    }
    for (let after: string | null = null; ;) {
      const request: EntryRequest = { op: "list", cache: this.#cache, prefix, isDeep, after };
      const { reply }: EntryAnswer = await this.#caches.ask(request);
      if (reply.kind !== "entries") throw unexpected(reply);
      yield* reply.refs;
      const last: EntryRef | undefined = reply.refs.at(-1);
      if (reply.isLast || !last || reply.refs.length < ENTRIES_A_REPLY) return;
      after = last.key;
    }
  }

  /** The entries of the key, with the attempt's own saves and removals. */
  #merged(snapshot: EntrySnapshot, selection: EntrySelection): EntryRef[] {
    const byKey = new Map<string, EntryRef | null>(snapshot.entries.map((ref) => [ref.key, ref]));
    for (const [key, ref] of this.#caches.ownOf(this.#cache)) byKey.set(key, ref);
    return [...byKey.values()]
      .filter((ref) => ref !== null)
      .filter(({ key }) => coversSelection(selection, { kind: "key", key }))
      .sort((a, b) => compareEntryKeys(a.key, b.key));
  }

  /** The entry of a key, if the attempt saved or removed it, or the cache key contains it. */
  #known(key: string): { readonly ref: EntryRef | undefined } | undefined {
    const own = this.#caches.ownOf(this.#cache).get(key);
    if (own !== undefined) return { ref: own ?? undefined };
    const snapshot = this.#caches.snapshotFor(this.#cache, { kind: "key", key });
    return snapshot && { ref: snapshot.entries.find((ref) => ref.key === key) };
  }

  /** The bytes of an entry; undefined if a key has none. */
  async #openEntry(entry: string | EntryRef): Promise<EntryAnswer | undefined> {
    if (typeof entry !== "string") return bytesOf(await this.#caches.ask({ op: "open", ref: refOf(entry) }));
    const key = this.#keyOf(entry);
    const known = this.#known(key);
    if (!known) return await this.#findNow(key);
    return known.ref && (await this.#openAsSeen(known.ref));
  }

  /**
   * The bytes of an entry as the attempt saw it. An entry that the key contains may have been replaced long ago, and its
   * bytes removed: then the task gets what is there now, as it would without a cache, and its result is not stored.
   */
  async #openAsSeen(ref: EntryRef): Promise<EntryAnswer | undefined> {
    const answer = await this.#caches.ask({ op: "open", ref });
    if (answer.reply.kind !== "lost" || this.#caches.ownOf(this.#cache).has(ref.key)) return bytesOf(answer);
    this.#caches.noteRead(this.#cache, { kind: "key", key: ref.key });
    return await this.#findNow(ref.key);
  }

  async #findNow(key: string): Promise<EntryAnswer | undefined> {
    return bytesOf(await this.#caches.ask({ op: "find", cache: this.#cache, key, wantsBytes: true }));
  }

  #keyOf(key: string): string {
    return checkEntryKey(this.#prefix + checkEntryKey(key));
  }

  #notFound(key: string): MemodagError {
    const where = this.#cache === JOB_CACHE ? "the job cache of this run" : `the cache "${this.#cache}"`;
    return new MemodagError(
      "cache_entry_not_found",
      `There is no entry ${JSON.stringify(this.#keyOf(key))} in ${where}: save it in a task upstream, ` +
        "or use find(), which returns undefined",
      { fields: { key: this.#keyOf(key) } },
    );
  }
}

// Answers the requests of running tasks about entries: bytes into and out of byte stores, names into and out of the
// database. Team, Dag and run are the attempt's, whatever its worker says.

import { randomBytes } from "node:crypto";
import {
  ENTRIES_A_REPLY,
  JOB_CACHE,
  MemodagError,
  checkEntryKey,
  formatSize,
  messageOf,
  type Attempt,
  type Blob,
  type ByteCheck,
  type ByteStore,
  type DagRun,
  type EntryAnswer,
  type EntryPlace,
  type EntryRef,
  type EntryReply,
  type EntryRequest,
  type EntrySelection,
  type Logger,
  type LooseBlob,
  type RunStore,
  type SaveRequest,
} from "@memodag/core";
import { entryPlace, getEntryCache, type EntryCache, type EntryParts } from "./entry-caches.ts";
import type { MovedBytes } from "./moved-bytes.ts";

/** An upload that a worker was granted. */
interface Upload {
  readonly attemptId: string;
  readonly request: SaveRequest;
  readonly loose: LooseBlob;
  /** Where the bytes are, if the grant is a file that the store does not read from. */
  readonly file: string | null;
  /** The object that had the same bytes, and is not in its store any more. */
  readonly gone: string | undefined;
}

/** Keeps what an attempt has asked before, for the duration of the attempts of this process. */
const RUNS_KEPT = 1_000;

/** The desk of one scheduler. */
export class EntryDesk {
  readonly #parts: EntryParts;
  readonly #runs: Pick<RunStore, "findRun">;
  readonly #moved: MovedBytes;
  readonly #log: Logger;
  readonly #uploads = new Map<string, Upload>();
  readonly #known = new Map<string, DagRun>();

  constructor(
    parts: EntryParts,
    { runs, moved, log }: { runs: Pick<RunStore, "findRun">; moved: MovedBytes; log: Logger },
  ) {
    this.#parts = parts;
    this.#runs = runs;
    this.#moved = moved;
    this.#log = log;
  }

  /**
   * Answers a request.
   * @param bytes of a save, if they came along
   * @throws MemodagError that fails the task's call
   */
  async answer(attempt: Attempt, request: EntryRequest, bytes: Uint8Array | null): Promise<EntryAnswer> {
    switch (request.op) {
      case "save":
        return only(await this.#save(attempt, request, bytes));
      case "uploaded":
        return only(await this.#uploaded(attempt, request.upload));
      case "find": {
        const { cache, place } = await this.#placeOf(attempt, request.cache);
        const key = checkEntryKey(request.key);
        const found = await this.#parts.store.find(place, key, attempt.attemptId);
        if (!found) return only({ kind: "absent" });
        this.touch(cache, place, { kind: "key", key });
        const ref = refOf(found);
        return request.wantsBytes ? await this.#open(attempt, ref, found.blob) : entry(ref);
      }
      case "open": {
        const { ref } = request;
        // A reference says which bytes it means, whatever its cache is by now.
        const found = this.#parts.findCache(attempt.team, ref.cache);
        const cache = found === "values" ? undefined : found;
        const store = cache?.store;
        const blobs = await this.#parts.store.findBlobs(attempt.team, [ref.digest], store);
        const blob = blobs.get(ref.digest);
        if (cache)
          this.touch(cache, entryPlace(cache, await this.#runOf(attempt)), { kind: "key", key: ref.key });
        return blob ? await this.#open(attempt, ref, blob) : only({ kind: "lost", ref, store: null });
      }
      case "list": {
        const { place } = await this.#placeOf(attempt, request.cache);
        const { prefix, isDeep, after } = request;
        const listing = { prefix, isDeep, limit: ENTRIES_A_REPLY, ...(after !== null && { after }) };
        const found = await this.#parts.store.list(place, listing, attempt.attemptId);
        return only({ kind: "entries", refs: found.map(refOf), isLast: found.length < ENTRIES_A_REPLY });
      }
      case "groups": {
        const { place } = await this.#placeOf(attempt, request.cache);
        const names = await this.#parts.store.listGroups(place, request.prefix, attempt.attemptId);
        return only({ kind: "groups", names });
      }
      case "remove":
        return only(await this.#remove(attempt, request.cache, checkEntryKey(request.key)));
    }
  }

  async #save(attempt: Attempt, request: SaveRequest, bytes: Uint8Array | null): Promise<EntryReply> {
    const { cache, place } = await this.#placeOf(attempt, request.cache);
    const key = checkEntryKey(request.key);
    requireSize(cache, request);
    const store = await this.#storeOf(cache.store);
    const known = (await this.#parts.store.findBlobs(attempt.team, [request.digest], cache.store)).get(
      request.digest,
    );
    let gone: string | undefined;
    if (known?.store === cache.store && known.sizeBytes === request.sizeBytes) {
      if (await this.#isThere(store, known, attempt.team)) {
        const outcome = await this.#name(attempt, place, cache, { ...request, key }, known);
        if (outcome) return outcome;
      } else gone = known.name;
    }
    const loose = { team: attempt.team, store: cache.store, name: randomBytes(32).toString("hex") };
    const check = checkOf(request);
    if (!bytes) {
      const grant = await this.#tell(cache.store, "grant", async () =>
        store.grant?.(loose.team, loose.name, "write", check),
      );
      if (!grant) return { kind: "send" };
      await this.#parts.store.beginUpload(loose);
      const file = grant.kind === "file" ? grant.path : null;
      this.#uploads.set(loose.name, {
        attemptId: attempt.attemptId,
        request: { ...request, key },
        loose,
        file,
        gone,
      });
      return { kind: "upload", upload: loose.name, grant };
    }
    await this.#parts.store.beginUpload(loose);
    await this.#write(store, loose, bytes, check);
    return await this.#finish(attempt, { ...request, key }, loose, gone);
  }

  /** False if others removed the bytes from their store: who saves them again puts them back. */
  async #isThere(
    store: ByteStore,
    { store: name, name: object, sizeBytes }: Blob,
    team: string,
  ): Promise<boolean> {
    const found = await this.#tell(name, "check", () => store.stat(team, [object]));
    return found.get(object)?.sizeBytes === sizeBytes;
  }

  /** Records that entries are read, where those leave first that are not. A failure only makes them leave earlier. */
  touch({ isLimited }: EntryCache, place: EntryPlace, selection: EntrySelection): void {
    if (!isLimited) return;
    this.#parts.store.touch(place, selection).catch((error: unknown) => {
      this.#log.warn("could not record that entries were read", {
        cache: place.cache,
        error: messageOf(error),
      });
    });
  }

  /** The process of an attempt is gone: what it was uploading never ends. */
  attemptEnded({ attemptId }: Attempt): void {
    for (const [name, upload] of this.#uploads)
      if (upload.attemptId === attemptId) this.#uploads.delete(name);
  }

  /** The worker's word for it is not enough: the store says what it has, and hashes what is a file. */
  async #uploaded(attempt: Attempt, name: string): Promise<EntryReply> {
    const upload = this.#uploads.get(name);
    this.#uploads.delete(name);
    if (!upload || upload.attemptId !== attempt.attemptId)
      throw new MemodagError(
        "cache_store_failed",
        "The scheduler knows nothing of this upload, as it was restarted: save the entry again",
      );
    const { request, loose, file, gone } = upload;
    const store = await this.#storeOf(loose.store);
    if (file !== null) await this.#write(store, loose, { file }, checkOf(request));
    else {
      const found = await this.#tell(loose.store, "check", () => store.stat(loose.team, [loose.name]));
      if (found.get(loose.name)?.sizeBytes !== request.sizeBytes)
        throw new MemodagError(
          "cache_store_failed",
          `The entry ${JSON.stringify(request.key)} is not in the store "${loose.store}" after its upload: save it again`,
        );
    }
    return await this.#finish(attempt, request, loose, gone);
  }

  async #finish(
    attempt: Attempt,
    request: SaveRequest,
    loose: LooseBlob,
    gone: string | undefined,
  ): Promise<EntryReply> {
    const { cache, place } = await this.#placeOf(attempt, request.cache);
    const { digest, sizeBytes, key } = request;
    this.#moved.add(attempt, sizeBytes);
    const blob = await this.#parts.store.endUpload(loose, { digest, sizeBytes }, gone);
    const outcome = await this.#name(attempt, place, cache, request, blob);
    if (outcome) return outcome;
    throw new MemodagError(
      "cache_store_failed",
      `The bytes of the entry ${JSON.stringify(key)} were collected before it was saved: save it again`,
    );
  }

  /** Undefined if the bytes were collected meanwhile. */
  async #name(
    attempt: Attempt,
    place: EntryPlace,
    cache: EntryCache,
    { key, isNow, ifAbsent, ttlMs = cache.defaultTtlMs }: SaveRequest,
    blob: Blob,
  ): Promise<EntryReply | undefined> {
    const run = await this.#runOf(attempt);
    const { taskId, mapIndex, attemptId } = attempt;
    const by = { runId: run.id, taskId, mapIndex, attemptId };
    const outcome = await this.#parts.store.save({ place, key, blobId: blob.id, by, isNow, ifAbsent, ttlMs });
    switch (outcome) {
      case "saved":
      case "present":
        return { kind: outcome };
      case "blob_missing":
        return undefined;
      case "not_live":
        throw notLive(key);
    }
  }

  async #remove(attempt: Attempt, cacheName: string, key: string): Promise<EntryReply> {
    const { place } = await this.#placeOf(attempt, cacheName);
    const was = (await this.#parts.store.find(place, key, attempt.attemptId)) !== undefined;
    const run = await this.#runOf(attempt);
    const { taskId, mapIndex, attemptId } = attempt;
    const by = { runId: run.id, taskId, mapIndex, attemptId };
    const how = { isNow: false, ifAbsent: false, ttlMs: null };
    // Also where there is none: what the task saw may be older, and its record has to say that it removed the key.
    await this.#parts.store.save({ place, key, blobId: null, by, ...how });
    return { kind: "removed", was };
  }

  async #open(attempt: Attempt, ref: EntryRef, blob: Blob): Promise<EntryAnswer> {
    const { maxInlineBytes } = this.#parts;
    const store = await this.#storeOf(blob.store);
    this.#moved.add(attempt, blob.sizeBytes);
    if (blob.sizeBytes > maxInlineBytes()) {
      const grant = await this.#tell(blob.store, "grant", async () =>
        store.grant?.(attempt.team, blob.name, "read"),
      );
      if (grant) return { reply: { kind: "entry", ref, grant }, bytes: null };
    }
    const bytes = await this.#tell(blob.store, "read", async () => {
      const stream = await store.read(attempt.team, blob.name);
      return stream && (await new Response(stream).bytes());
    });
    if (bytes) return { reply: { kind: "entry", ref, grant: null }, bytes };
    this.#log.warn("the bytes of an entry are gone from their store", { store: blob.store, key: ref.key });
    return only({ kind: "lost", ref, store: blob.store });
  }

  async #write(
    store: ByteStore,
    loose: LooseBlob,
    body: Parameters<ByteStore["write"]>[2],
    check: ByteCheck,
  ): Promise<void> {
    await this.#tell(loose.store, "write", () => store.write(loose.team, loose.name, body, check));
  }

  async #storeOf(name: string): Promise<ByteStore> {
    return await this.#tell(name, "open", () => this.#parts.openStore(name));
  }

  /** An outage of a store fails the call of the task, which may be repeated. */
  async #tell<T>(store: string, what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof MemodagError && error.code === "bytes_refused")
        throw new MemodagError("cache_store_failed", error.message, { cause: error });
      throw new MemodagError(
        "cache_store_failed",
        `The store "${store}" failed to ${what} an entry (${messageOf(error)}): check it with memodag doctor`,
        { cause: error },
      );
    }
  }

  async #placeOf(attempt: Attempt, name: string): Promise<{ cache: EntryCache; place: EntryPlace }> {
    const cache = getEntryCache(this.#parts.findCache, attempt.team, name);
    return { cache, place: entryPlace(cache, await this.#runOf(attempt)) };
  }

  async #runOf({ team, dagId, runId }: Attempt): Promise<DagRun> {
    const name = JSON.stringify([team, dagId, runId]);
    const known = this.#known.get(name);
    if (known) return known;
    const run = await this.#runs.findRun(team, dagId, runId);
    if (!run) throw new MemodagError("dag_run_not_found", `The run ${runId} of Dag "${dagId}" is gone`);
    if (this.#known.size >= RUNS_KEPT) this.#known.clear();
    this.#known.set(name, run);
    return run;
  }
}

function requireSize(
  { name, maxEntryBytes: limitBytes }: EntryCache,
  { key, sizeBytes }: Pick<SaveRequest, "key" | "sizeBytes">,
): void {
  if (sizeBytes <= limitBytes) return;
  const setting = `${name === JOB_CACHE ? "[job_cache]" : `[[caches]] "${name}"`} max_entry_size`;
  throw new MemodagError(
    "entry_too_large",
    `The entry ${JSON.stringify(key)} is ${formatSize(sizeBytes)}, more than ${setting} of ` +
      `${formatSize(limitBytes)}: save it in parts, or raise the limit`,
    { fields: { key, sizeBytes, limitBytes } },
  );
}

function checkOf({ sizeBytes, digest: sha256, md5 }: SaveRequest): ByteCheck {
  return { sizeBytes, sha256, md5 };
}

function refOf({ cache, key, digest, sizeBytes }: EntryRef): EntryRef {
  return { cache, key, digest, sizeBytes };
}

function only(reply: EntryReply): EntryAnswer {
  return { reply, bytes: null };
}

function entry(ref: EntryRef): EntryAnswer {
  return only({ kind: "entry", ref, grant: null });
}

function notLive(key: string): MemodagError {
  return new MemodagError(
    "attempt_lost",
    `The entry ${JSON.stringify(key)} was not saved: another attempt of this task has taken over`,
  );
}

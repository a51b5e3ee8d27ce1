// Stores entries: bytes first, then the record, so that a crash between the two leaves bytes that nothing
// names, never a record without bytes.

import { RETURN_VALUE, type Digest, type Live, type Logger } from "@memodag/core";
import type { CacheBreaker } from "./cache-breaker.ts";
import type { RecordFence } from "./cache-leases.ts";
import type { PlaceOutcome, StoreAllOutcome, StoreOutcome } from "./cache-lookup.ts";
import type { CacheCounters } from "./counters/cache-counters.ts";
import { sealRecord } from "./record-seal.ts";
import type { RecordSigner } from "./record-signature.ts";
import type { NewCacheRecord, PutMode, PutOutcome, RecordStore } from "./record-store.ts";
import type { RemovalCause } from "./removal.ts";
import type { ResultBytes, ResultStore } from "./result-store.ts";
import { requirePutOutcome } from "./sound-record.ts";
import type { ReadValues, StagedEntry, StagedXCom } from "./staged-entry.ts";

/** Results that are stored together within the time that one may take. */
const ENTRIES_A_TIMEOUT = 100;

interface WithValues {
  readonly xcoms: readonly Pick<StagedXCom, "key" | "digest">[];
}

/** A value to remember; `store`: where it is already, as XComs refer to it. */
export interface EntryXCom extends ResultBytes {
  readonly key: string;
  readonly store?: string | null;
}

/** A result to remember: its record and the bytes of all its XComs; a failure has none. */
export interface CacheEntry {
  readonly record: Omit<NewCacheRecord, "xcoms" | "seal" | "signature">;
  readonly xcoms: readonly EntryXCom[];
  /** The lease without which the record must not be stored. Absent: it may be. */
  readonly fence?: RecordFence;
  /** Where the attempt ran, for signatures. Default: not known. */
  readonly worker?: string | null;
}

/** The parts of {@link EntryWriter}. */
export interface EntryWriterParts {
  readonly records: Pick<RecordStore, "put" | "putAll" | "purge">;
  readonly results: ResultStore;
  /** How XComs refer to values in the result store; absent: they do not. */
  readonly valueStore?: string | null;
  readonly breaker: CacheBreaker;
  readonly counters: CacheCounters;
  readonly log: Logger;
  /** The key of seals; without it, records are not sealed. */
  readonly sealKey?: Uint8Array;
  /** Signs records in place of sealing them. */
  readonly signer?: RecordSigner;
  /** True if the record store keeps the bytes of entries from being collected. Default: false. */
  readonly keepsEntries?: boolean;
  /** Milliseconds that storing one result may take. */
  readonly storeTimeoutMs: Live<number>;
  /** Bytes of all XComs of a result together. */
  readonly maxResultSize: Live<number>;
}

/** Stores entries. No method rejects, and none takes longer than its deadline. */
export class EntryWriter {
  readonly #parts: EntryWriterParts;
  /** Tasks that were told of as not deterministic. */
  readonly #nondeterministic = new Set<string>();

  constructor(parts: EntryWriterParts) {
    this.#parts = parts;
  }

  /** Remembers a result. */
  async store(entry: CacheEntry, mode: PutMode): Promise<StoreOutcome> {
    const { breaker, log, storeTimeoutMs, maxResultSize, keepsEntries = false } = this.#parts;
    if (entry.record.entries && !keepsEntries) return { kind: "entries_not_kept" };
    const limitBytes = maxResultSize();
    const sizeBytes = entry.xcoms.reduce((sum, xcom) => sum + xcom.bytes.length, 0);
    if (sizeBytes > limitBytes) return { kind: "too_large", sizeBytes, limitBytes };
    const outcome = await breaker.send(storeTimeoutMs(), (signal) => this.#put(entry, mode, signal));
    switch (outcome.kind) {
      case "answered":
        return this.#afterPut(entry, sizeBytes, outcome.value);
      case "late":
      case "failed":
        log.warn("cache store failed; the task keeps its result", {
          team: entry.record.team,
          error: outcome.message,
        });
        return { kind: "failed", message: outcome.message };
      case "left_alone":
        return { kind: "failed", message: outcome.message };
      case "unwaited":
        return outcome;
    }
  }

  /** Writes values where runs and records will refer to them. */
  async place(team: string, values: readonly ResultBytes[]): Promise<PlaceOutcome> {
    const { breaker, log, results, valueStore, storeTimeoutMs, maxResultSize } = this.#parts;
    if (typeof valueStore !== "string" || values.length === 0) return { kind: "not_here" };
    const sizeBytes = values.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (sizeBytes > maxResultSize()) return { kind: "not_here" };
    const outcome = await breaker.send(storeTimeoutMs(), (signal) => results.write(team, values, { signal }));
    if (outcome.kind === "answered") return { kind: "kept", store: valueStore };
    const { message } = outcome;
    if (outcome.kind === "late" || outcome.kind === "failed")
      log.warn("the result store does not take a result; the database keeps it, and it is not remembered", {
        team,
        store: valueStore,
        error: message,
      });
    return { kind: "failed", message };
  }

  /**
   * Remembers results together. Those that cannot be remembered at all are left out.
   * @param read for values that have to be moved to the result store
   */
  async storeAll(entries: readonly StagedEntry[], read: ReadValues): Promise<StoreAllOutcome> {
    const { breaker, log, storeTimeoutMs } = this.#parts;
    const refused = entries.map((entry) => this.#refusalOf(entry));
    const taken = entries.filter((_, index) => !refused[index]);
    const timeoutMs = storeTimeoutMs() * Math.max(1, taken.length / ENTRIES_A_TIMEOUT);
    const outcome =
      taken.length === 0
        ? ({ kind: "answered", value: [] } as const)
        : await breaker.send(timeoutMs, (signal) => this.#putAll(taken, read, signal));
    if (outcome.kind !== "answered") {
      if (outcome.kind === "late" || outcome.kind === "failed") {
        const { team = "", dagId = "" } = entries[0]?.record ?? {};
        log.warn("results of a transaction could not be stored", { team, dagId, error: outcome.message });
      }
      return { kind: "failed", message: outcome.message };
    }
    const puts = [...outcome.value];
    const outcomes = entries.map((entry, index) => {
      const why = refused[index];
      if (why) return why;
      const put = puts.shift();
      if (!put) throw new Error("a record has no outcome");
      return this.#afterPut(entry, sizeOf(entry), put);
    });
    return { kind: "answered", outcomes };
  }

  /** Removes records; false when that failed. */
  async forget(team: string, keys: readonly Digest[], cause: RemovalCause): Promise<boolean> {
    const { breaker, records, log, storeTimeoutMs } = this.#parts;
    const outcome = await breaker.call(storeTimeoutMs(), async () => {
      for (const key of keys) await records.purge({ team, key }, cause);
    });
    if (outcome.kind === "answered") return true;
    log.warn("records could not be removed", { team, cause, error: outcome.message });
    return false;
  }

  #refusalOf(entry: StagedEntry): StoreOutcome | undefined {
    const { maxResultSize, keepsEntries = false } = this.#parts;
    if (entry.record.entries && !keepsEntries) return { kind: "entries_not_kept" };
    const [sizeBytes, limitBytes] = [sizeOf(entry), maxResultSize()];
    return sizeBytes > limitBytes ? { kind: "too_large", sizeBytes, limitBytes } : undefined;
  }

  async #putAll(
    entries: readonly StagedEntry[],
    read: ReadValues,
    signal: AbortSignal,
  ): Promise<readonly PutOutcome[]> {
    const { records } = this.#parts;
    await this.#moveValues(entries, read, signal);
    const puts = entries.map(({ record, xcoms, mode, lease }) => ({
      record: this.#sealed(record, xcoms),
      mode,
      ...(lease && { lease }),
    }));
    const outcomes = await records.putAll?.(puts);
    if (outcomes) {
      if (outcomes.length !== puts.length)
        throw new Error(`putAll gave ${outcomes.length} outcomes for ${puts.length} records`);
      return outcomes.map(requirePutOutcome);
    }
    const each: PutOutcome[] = [];
    for (const { record, mode, lease } of puts) {
      signal.throwIfAborted();
      each.push(requirePutOutcome(await records.put(record, mode, lease)));
    }
    return each;
  }

  async #moveValues(entries: readonly StagedEntry[], read: ReadValues, signal: AbortSignal): Promise<void> {
    const { results } = this.#parts;
    for (const { record, xcoms } of entries) {
      const absent = xcoms.filter((xcom) => xcom.bytes !== undefined || !this.#isHere(xcom));
      if (absent.length === 0) continue;
      const elsewhere = absent.filter(({ bytes }) => bytes === undefined);
      const found = elsewhere.length === 0 ? new Map<Digest, Uint8Array>() : await read(elsewhere);
      const values = absent.map(({ digest, bytes: own }) => {
        const bytes = own ?? found.get(digest);
        if (!bytes) throw new Error(`the value ${digest} of a result no longer exists`);
        return { digest, bytes };
      });
      await results.write(record.team, values, { signal });
    }
    signal.throwIfAborted();
  }

  #isHere({ store }: Pick<EntryXCom, "store">): boolean {
    const { valueStore } = this.#parts;
    return valueStore !== undefined && store === valueStore;
  }

  async #put(
    { record, xcoms, fence, worker }: CacheEntry,
    mode: PutMode,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    const absent = xcoms.filter((xcom) => !this.#isHere(xcom));
    if (absent.length > 0) await this.#parts.results.write(record.team, absent, { signal });
    // After the deadline it has been reported as not stored, and must not turn up later.
    signal.throwIfAborted();
    const sized = xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length }));
    const { records } = this.#parts;
    const sealed = this.#sealed(record, sized, worker);
    if (!fence) return requirePutOutcome(await records.put(sealed, mode));
    if (!(await fence.confirm())) return { kind: "lease_lost" };
    signal.throwIfAborted();
    return requirePutOutcome(await records.put(sealed, mode, fence));
  }

  /** The record with its values, and its signature or seal. */
  #sealed(
    record: CacheEntry["record"],
    xcoms: readonly Pick<StagedXCom, "key" | "digest" | "sizeBytes">[],
    worker: string | null = null,
  ): NewCacheRecord {
    const { valueStore, sealKey, signer } = this.#parts;
    const recorded = xcoms.map(({ key, digest, sizeBytes }) => ({
      key,
      digest,
      sizeBytes,
      ...(valueStore !== undefined && { store: valueStore }),
    }));
    if (signer) {
      const whole = { ...record, xcoms: recorded };
      return { ...whole, signature: signer.sign(whole, worker) };
    }
    const { team, key, error, entries, validForMs } = record;
    const sealable = {
      team,
      key,
      xcoms: recorded,
      isFailure: error !== null,
      ...(entries && { entries }),
      ...(validForMs !== undefined && { validForMs }),
    };
    const seal = sealKey && sealRecord(sealable, sealKey);
    return { ...record, xcoms: recorded, ...(seal !== undefined && { seal }) };
  }

  #afterPut(
    { record, xcoms }: Pick<CacheEntry, "record"> & WithValues,
    sizeBytes: number,
    outcome: PutOutcome,
  ): StoreOutcome {
    const { counters } = this.#parts;
    if (outcome.kind === "stored") {
      counters.add(record, { storedBytes: sizeBytes });
      return outcome;
    }
    if (outcome.kind === "lease_lost") return outcome;
    if (record.error !== null) return { kind: "kept" };
    const returned = xcoms.find((xcom) => xcom.key === RETURN_VALUE);
    if (outcome.resultDigest === returned?.digest) return { kind: "kept" };
    counters.add(record, { nondeterministic: 1 });
    this.#warnOfDifference(record);
    return { kind: "differs", storedDigest: outcome.resultDigest };
  }

  /** Once for each task of this process: it may happen at every run. */
  #warnOfDifference({ team, dagId, taskId, key, producer }: CacheEntry["record"]): void {
    const task = JSON.stringify([team, dagId, taskId]);
    if (this.#nondeterministic.has(task)) return;
    this.#nondeterministic.add(task);
    this.#parts.log.warn(
      "a task returned other bytes than the live entry under its key holds: it is not deterministic, or reads what its key does not say",
      { team, dagId, taskId, key, runId: producer.runId },
    );
  }
}

function sizeOf({ xcoms }: StagedEntry): number {
  return xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

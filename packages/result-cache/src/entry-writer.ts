// Stores entries: bytes first, then the record, so that a crash between the two leaves bytes that nothing
// names, never a record without bytes.

import { RETURN_VALUE, type Live, type Logger } from "@memodag/core";
import type { CacheBreaker } from "./cache-breaker.ts";
import type { RecordFence } from "./cache-leases.ts";
import type { PlaceOutcome, StoreOutcome } from "./cache-lookup.ts";
import type { CacheCounters } from "./counters/cache-counters.ts";
import { sealRecord } from "./record-seal.ts";
import type { NewCacheRecord, PutMode, PutOutcome, RecordStore } from "./record-store.ts";
import type { ResultBytes, ResultStore } from "./result-store.ts";
import { requirePutOutcome } from "./sound-record.ts";

/** A value to remember; `store`: where it is already, as XComs refer to it. */
export interface EntryXCom extends ResultBytes {
  readonly key: string;
  readonly store?: string | null;
}

/** A result to remember: its record and the bytes of all its XComs; a failure has none. */
export interface CacheEntry {
  readonly record: Omit<NewCacheRecord, "xcoms" | "seal">;
  readonly xcoms: readonly EntryXCom[];
  /** The lease without which the record must not be stored. Absent: it may be. */
  readonly fence?: RecordFence;
}

/** The parts of {@link EntryWriter}. */
export interface EntryWriterParts {
  readonly records: Pick<RecordStore, "put">;
  readonly results: ResultStore;
  /** How XComs refer to values in the result store; absent: they do not. */
  readonly valueStore?: string | null;
  readonly breaker: CacheBreaker;
  readonly counters: CacheCounters;
  readonly log: Logger;
  /** The key of seals; without it, records are not sealed. */
  readonly sealKey?: Uint8Array;
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

  async #put({ record, xcoms, fence }: CacheEntry, mode: PutMode, signal: AbortSignal): Promise<PutOutcome> {
    const { valueStore } = this.#parts;
    const isHere = ({ store }: EntryXCom): boolean => valueStore !== undefined && store === valueStore;
    const absent = xcoms.filter((xcom) => !isHere(xcom));
    if (absent.length > 0) await this.#parts.results.write(record.team, absent, { signal });
    // After the deadline it has been reported as not stored, and must not turn up later.
    signal.throwIfAborted();
    const recorded = xcoms.map(({ key, digest, bytes }) => ({
      key,
      digest,
      sizeBytes: bytes.length,
      ...(valueStore !== undefined && { store: valueStore }),
    }));
    const { records, sealKey } = this.#parts;
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
    const sealed = { ...record, xcoms: recorded, ...(seal !== undefined && { seal }) };
    if (!fence) return requirePutOutcome(await records.put(sealed, mode));
    if (!(await fence.confirm())) return { kind: "lease_lost" };
    signal.throwIfAborted();
    return requirePutOutcome(await records.put(sealed, mode, fence));
  }

  #afterPut({ record, xcoms }: CacheEntry, sizeBytes: number, outcome: PutOutcome): StoreOutcome {
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

// The names of entries, and where their bytes are. Implemented by the metastore.

import type { TaskInstanceId } from "../dag-run.ts";
import type { Digest } from "../digest.ts";
import type { EntryPattern, EntryRef, EntrySelection } from "../entry.ts";

/** One job cache: a name from the config, and the run, Dag or nothing that its entries belong to. */
export interface EntryPlace {
  readonly team: string;
  readonly cache: string;
  /** The run's number for scope `run`, `dag:` and the Dag's id for `dag`, empty for `team`. */
  readonly scopeId: string;
}

/** Bytes that a byte store holds. */
export interface Blob {
  readonly id: number;
  /** The store's name in the config. */
  readonly store: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** The name of the bytes in the store; never used twice. */
  readonly name: string;
}

/** The attempt that saves an entry. Its entries count when it has succeeded. */
export interface SavingAttempt extends TaskInstanceId {
  readonly attemptId: string;
  /** The run's number. */
  readonly runId: number;
}

/** An entry to save. */
export interface NewEntry {
  readonly place: EntryPlace;
  readonly key: string;
  /** `null`: the key is removed. */
  readonly blobId: number | null;
  readonly by: SavingAttempt;
  /** Takes effect at once, whatever becomes of the attempt. */
  readonly isNow: boolean;
  /** Refused if the key is there; implies `isNow`. */
  readonly ifAbsent: boolean;
  /** Milliseconds by the database's clock; `null`: until its scope ends. */
  readonly ttlMs: number | null;
}

/**
 * The outcome of a save. `present`: the key is there, and is kept; `blob_missing`: the bytes were collected meanwhile;
 * `not_live`: the attempt is not the instance's current one, and may not write at once.
 */
export type SaveOutcome = "saved" | "present" | "blob_missing" | "not_live";

/** An entry as it is stored. */
export interface StoredEntry extends EntryRef {
  readonly blob: Blob;
  /** Who saved it. */
  readonly producer: TaskInstanceId & { readonly runId: number };
  /** Milliseconds since the Unix epoch. */
  readonly savedAt: number;
  /** Milliseconds since the Unix epoch; `null`: when its scope ends, if that does. */
  readonly expiresAt: number | null;
}

/** Selects entries to list, in the order of their keys. */
export interface EntryListing {
  /** Keys that start with this. Empty: all. */
  readonly prefix: string;
  /** Also entries in groups below. */
  readonly isDeep: boolean;
  /** Keys after this one. */
  readonly after?: string;
  readonly limit: number;
}

/** An entry that a record restores; `digest` is `null` where the task removed the key. */
export interface RecordedEntry {
  readonly cache: string;
  readonly scope: "run" | "dag" | "team";
  readonly key: string;
  readonly digest: Digest | null;
  readonly sizeBytes: number;
  /** The store of the bytes; `null` for a removal. */
  readonly store: string | null;
  /** Milliseconds that it lives; `null`: until its scope ends. */
  readonly ttlMs: number | null;
}

/** An entry that a hit restores. */
export interface RestoredEntry {
  readonly place: EntryPlace;
  readonly key: string;
  readonly blob: Blob | null;
  readonly ttlMs: number | null;
}

/** The changes of a pass to entries, made in its transaction. */
export interface EntryWrites {
  /** Attempts that succeeded: their entries count from now on, in place of those of earlier tries. */
  readonly publish: readonly (TaskInstanceId & { readonly attemptId: string })[];
  /** Instances that hit, with the entries that their producer saved. */
  readonly restore: readonly (TaskInstanceId & { readonly entries: readonly RestoredEntry[] })[];
}

/** Bytes in a store that nothing names. */
export interface LooseBlob {
  readonly team: string;
  readonly store: string;
  readonly name: string;
}

/** The entries and bytes that a collection removed. */
export interface CollectedEntries {
  readonly entries: number;
  readonly blobs: number;
  readonly sizeBytes: number;
  /** Objects to delete from their stores, and then to {@link EntryStore.forgetLoose forget}. */
  readonly loose: readonly LooseBlob[];
}

/** Names of entries, and their bytes by digest. Every method is restricted to a team. */
export interface EntryStore {
  /** Bytes by digest: those of `store` where it has them, else those of any other store. */
  findBlobs(team: string, digests: readonly Digest[], store?: string): Promise<Map<Digest, Blob>>;
  /**
   * Records that an object may exist, before it is written, so that it is found if nothing ever names it.
   */
  beginUpload(upload: LooseBlob): Promise<void>;
  /**
   * Records that an object is written. Returns other bytes of the same digest that were there before it.
   * @param gone the name of an object with the same bytes that is not in the store any more: the new one takes its place
   */
  endUpload(
    upload: LooseBlob,
    content: { readonly digest: Digest; readonly sizeBytes: number },
    gone?: string,
  ): Promise<Blob>;
  save(entry: NewEntry): Promise<SaveOutcome>;
  /** The entry of a key, as an attempt sees it: with what it saved and removed itself. */
  find(place: EntryPlace, key: string, attemptId?: string): Promise<StoredEntry | undefined>;
  /** Entries in the order of their keys, as an attempt sees them. */
  list(place: EntryPlace, listing: EntryListing, attemptId?: string): Promise<StoredEntry[]>;
  /** Names of the groups directly below a prefix, in order. */
  listGroups(place: EntryPlace, prefix: string, attemptId?: string): Promise<string[]>;
  /**
   * Returns the entries that patterns select once a pass has made its changes, which are not written yet.
   * @throws MemodagError `too_many_entries` for a pattern that selects over 100,000
   */
  findForKeys(
    wanted: readonly (EntryPattern & { readonly place: EntryPlace })[],
    pending: EntryWrites,
    runId: number,
  ): Promise<EntryRef[][]>;
  /** Entries that tasks of a run saved, in every cache, in the order of their numbers. */
  listOfRun(
    team: string,
    runId: number,
    page: RunEntryPage,
  ): Promise<(StoredEntry & { readonly id: number })[]>;
  /** Gives keys their bytes at once, in the name of an instance that need not run, such as before a run of a test. */
  restore(
    instance: TaskInstanceId & { readonly runId: number },
    entries: readonly RestoredEntry[],
  ): Promise<void>;
  /** Removes entries of a place. Returns how many. */
  remove(place: EntryPlace, selection: { readonly key?: string; readonly prefix?: string }): Promise<number>;
  /** The places of a cache that have entries: of one run, Dag or team each. */
  listPlaces(team: string, cache: string): Promise<EntryPlace[]>;
  /** Counts the entries of a cache in all of its places that have not expired, or of those whose keys start with a prefix. */
  sumCache(
    team: string,
    cache: string,
    prefix?: string,
  ): Promise<{ readonly entries: number; readonly sizeBytes: number }>;
  /** Records that entries are read, for {@link evict}. Further reads within a minute need not be recorded. */
  touch(place: EntryPlace, selection: EntrySelection): Promise<void>;
  /** Removes at most `most` entries over a limit, least recently read first. Entries of runs in progress stay. */
  evict(limit: EntryLimit, most: number): Promise<{ readonly entries: number; readonly sizeBytes: number }>;
  /** Returns how much {@link evict} would remove in all. */
  excess(limit: EntryLimit): Promise<{ readonly entries: number; readonly sizeBytes: number }>;
  /** The bytes of entries and records of all teams, in the order of their numbers. */
  listBlobs(after: number, limit: number): Promise<CheckedBlob[]>;
  /** The first `limit` entries, and the number of records, that name bytes. */
  findBlobNames(blob: CheckedBlob, limit: number): Promise<BlobNames>;
  /**
   * Removes the entries and records that name bytes which are damaged, or gone, and lets a collection delete the
   * object. False if they were put back meanwhile, something names them by now, or an attempt saved them which is in
   * progress, or in a transaction that has not ended.
   */
  forgetBlob(blob: CheckedBlob, isDamaged: boolean): Promise<boolean>;
  /** Removes names and bytes that are not needed any more, a batch at a time; see {@link CollectOptions}. */
  collect(options: CollectOptions): Promise<CollectedEntries>;
  /** Returns how much {@link collect} would remove now. */
  amount(
    options: Omit<CollectOptions, "limit">,
  ): Promise<{ readonly entries: number; readonly sizeBytes: number }>;
  /**
   * Those of the object names that entries may have, to tell them from other bytes in a store. In any store: two may
   * be the same place under two names.
   */
  findNames(team: string, names: readonly string[]): Promise<Set<string>>;
  /** Forgets objects that are deleted. */
  forgetLoose(blobs: readonly LooseBlob[]): Promise<void>;
}

/** A key that an attempt saved or removed, for the record of its result. */
export interface SavedEntry {
  readonly attemptId: string;
  readonly place: EntryPlace;
  readonly key: string;
  /** `null`: the key was removed. */
  readonly blob: Blob | null;
  readonly ttlMs: number | null;
}

/** How much a job cache of the config may hold for each of its teams. */
export interface EntryLimit {
  readonly cache: string;
  /** `null`: every team but `otherTeams`, which have a cache of their own by this name. */
  readonly team: string | null;
  readonly otherTeams: readonly string[];
  readonly maxBytes: number;
}

/** Bytes of a team that a check compares with their digest. */
export interface CheckedBlob extends Blob {
  readonly team: string;
}

/** The entries and records that name bytes. */
export interface BlobNames {
  readonly entries: readonly { readonly cache: string; readonly key: string }[];
  readonly records: number;
}

/** A page of a run's entries. */
export interface RunEntryPage {
  readonly limit: number;
  /** Entries after the one with this number. */
  readonly after?: number;
}

/** Options of a collection. Durations are milliseconds by the database's clock. */
export interface CollectOptions {
  /** How long entries of scope `run` stay after the end of their run; `null`: without limit. */
  readonly keepMs: number | null;
  /** How long bytes stay that nothing names. */
  readonly graceMs: number;
  readonly limit: number;
}

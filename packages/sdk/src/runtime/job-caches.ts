// The entries of one attempt: what it saved, and which entries it read without declaring them.

import {
  MemodagError,
  coversSelection,
  entryName,
  readEntryPattern,
  type EntryAnswer,
  type EntryRef,
  type EntryRequest,
  type EntrySelection,
  type EntrySnapshot,
} from "@memodag/core";
import type { EntryTransfer } from "./entry-transfer.ts";

/** How an attempt gets at entries. */
export interface EntryAccess {
  /** @throws MemodagError with the code of the scheduler's answer */
  ask(request: EntryRequest, bytes?: Uint8Array): Promise<EntryAnswer>;
  /** The entries that the key of a cached task contains. Absent: none are declared. */
  readonly snapshots?: readonly EntrySnapshot[];
  /** Called before a file that belongs to a store is read, which is not an input of the task. */
  allow?(path: string): void;
}

/** The keys that an attempt saved; `null`: it removed the key. */
type Own = Map<string, EntryRef | null>;

/** The state that all places in the job caches of one attempt share. */
export class JobCaches {
  readonly #access: EntryAccess | undefined;
  readonly #noteRead: (name: string) => void;
  readonly #isReadOnly: boolean;
  readonly #own = new Map<string, Own>();
  #transfer: Promise<EntryTransfer> | undefined;
  #isClosed = false;
  #writing = 0;

  /** @param noteRead is told the name of every entry that is read by an undeclared name */
  constructor(access: EntryAccess | undefined, noteRead: (name: string) => void, isReadOnly = false) {
    this.#access = access;
    this.#noteRead = noteRead;
    this.#isReadOnly = isReadOnly;
  }

  /**
   * Refuses everything from now on.
   * @throws MemodagError `context_unavailable` if something is still being saved: whether it counts would depend on
   *   which is faster
   */
  close(): void {
    this.#isClosed = true;
    if (this.#writing === 0) return;
    throw new MemodagError(
      "context_unavailable",
      "The handler returned while an entry was still being saved or removed: await save() and delete()",
    );
  }

  /** Does something that changes entries. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isReadOnly) {
      throw new MemodagError(
        "context_unavailable",
        "A callback cannot change a job cache, as the task has ended: save entries in the handler",
      );
    }
    this.#writing += 1;
    try {
      return await work();
    } finally {
      this.#writing -= 1;
    }
  }

  async ask(request: EntryRequest, bytes?: Uint8Array): Promise<EntryAnswer> {
    if (this.#isClosed) {
      throw new MemodagError(
        "context_unavailable",
        "A job cache was used after the task had ended: await all work that the handler starts",
      );
    }
    if (!this.#access) {
      throw new MemodagError("context_unavailable", "There are no job caches here: use them in a handler");
    }
    return await this.#access.ask(request, bytes);
  }

  async transfer(): Promise<EntryTransfer> {
    this.#transfer ??= import("./entry-transfer.ts").then(
      ({ EntryTransfer: Transfer }) => new Transfer((path) => this.#access?.allow?.(path)),
    );
    return await this.#transfer;
  }

  ownOf(cache: string): Own {
    let own = this.#own.get(cache);
    if (!own) this.#own.set(cache, (own = new Map()));
    return own;
  }

  /** The snapshot that a read is answered from; undefined, and noted, where it is not declared. */
  snapshotFor(cache: string, selection: EntrySelection): EntrySnapshot | undefined {
    const declared = this.#access?.snapshots?.find(
      (one) => one.cache === cache && coversSelection(readEntryPattern(one.pattern), selection),
    );
    if (!declared) this.noteRead(cache, selection);
    return declared;
  }

  /** Notes that the result depends on entries that the key does not contain. */
  noteRead(cache: string, selection: EntrySelection): void {
    this.#noteRead(entryName({ cache, pattern: patternOf(selection) }));
  }

  /** Notes that the result depends on who saves a key first. That is decided when it is saved: no key can contain it. */
  noteIfAbsent(cache: string, key: string): void {
    this.#noteRead(`ifAbsent(${entryName({ cache, pattern: key })})`);
  }
}

function patternOf(selection: EntrySelection): string {
  return selection.kind === "key" ? selection.key : `${selection.prefix}${selection.isDeep ? "**" : "*"}`;
}

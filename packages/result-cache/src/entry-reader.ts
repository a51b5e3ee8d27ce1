// Reads entries: records with their bytes, verified, so that nothing is called a hit that is not whole.

import {
  MemodagError,
  RETURN_VALUE,
  TimeSlice,
  digestOfBytes,
  messageOf,
  sha256,
  type Digest,
  type Logger,
  type ValueRef,
} from "@memodag/core";
import type { HitXCom } from "./cache-lookup.ts";
import type { FoundRecord, RecordedXCom, RecordStore } from "./record-store.ts";
import type { ResultStore } from "./result-store.ts";
import { isCatalogMissing } from "./record-catalog.ts";
import type { SignatureChecks, SignatureRefusal } from "./signature-checks.ts";
import { isSoundRecord, requireMap } from "./sound-record.ts";
import type { Values } from "./values/values.ts";

/** Bytes that are read before they are asked for, at most. */
const MAX_FORESEEN_BYTES = 16 * 2 ** 20;

/** Bytes of results that are read in one call, unless a single one is larger: more could be late. */
const MAX_ASKED_BYTES = 32 * 2 ** 20;

/** Hashing as much is over before another thread would have begun. */
const HASHED_HERE_BYTES = 64 * 1024;

/** Why the bytes of a record cannot be used. */
export type Unusable = "result_missing" | "integrity_failed";

/** The entry of a key: its record, and its bytes or why there are none; `unsound`: an invalid answer of a store. */
export type Entry =
  | undefined
  | "unsound"
  | {
      readonly record: FoundRecord;
      readonly xcoms: readonly HitXCom[] | Unusable;
      /** Its signature does not let it be used; then its XComs were not read. */
      readonly refusal?: SignatureRefusal;
    };

/** Bytes by digest, and the digests whose bytes have another. */
interface VerifiedBytes {
  readonly bytes: ReadonlyMap<Digest, Uint8Array>;
  readonly bad: ReadonlySet<Digest>;
}

const NO_BYTES: VerifiedBytes = { bytes: new Map(), bad: new Set() };

/** The parts of {@link EntryReader}. */
export interface EntryReaderParts {
  readonly records: Pick<RecordStore, "find" | "purge">;
  readonly results: ResultStore;
  /** How XComs refer to values in the result store; absent: they do not. */
  readonly valueStore?: string | null;
  /** Reads values of records that refer to another store. */
  readonly values?: Values;
  /** Absent: signatures are not looked at. */
  readonly signatures?: SignatureChecks;
  readonly log: Logger;
}

/** Reads entries for lookups, and takes away those that can never hit. */
export class EntryReader {
  readonly #records: EntryReaderParts["records"];
  readonly #results: ResultStore;
  readonly #log: Logger;
  readonly #valueStore: string | null | undefined;
  readonly #values: Values | undefined;
  readonly #signatures: SignatureChecks | undefined;

  constructor({ records, results, valueStore, values, signatures, log }: EntryReaderParts) {
    this.#signatures = signatures;
    this.#valueStore = valueStore;
    this.#values = values;
    this.#records = records;
    this.#results = results;
    this.#log = log;
  }

  /**
   * Entries of the keys, asked ones first, as far as there is room for their bytes: one at least; what is left
   * out is for another call. Once the signal is aborted it only rejects: an answer that is late changes nothing.
   */
  async read(
    team: string,
    asked: ReadonlySet<Digest>,
    foreseen: readonly Digest[],
    signal: AbortSignal,
  ): Promise<Map<Digest, Entry>> {
    const keys = foreseen.length === 0 ? asked : new Set([...asked, ...foreseen]);
    const found = requireMap(await this.#records.find(team, [...keys], { signal }), "record");
    signal.throwIfAborted();
    const known = new Map<Digest, Entry>();
    const records = this.#signatures ? await this.#checked(team, keys, found, known, signal) : found;
    const sound: FoundRecord[] = [];
    const digests = new Set<Digest>();
    const elsewhere: ValueRef[] = [];
    let askedBytes = 0;
    let foreseenBytes = 0;
    for (const key of keys) {
      const record = records.get(key);
      if (record === undefined) {
        if (!known.has(key)) known.set(key, undefined);
      } else if (!isSoundRecord(record, team, key)) {
        known.set(key, "unsound");
      } else {
        const sizeBytes = record.xcoms.reduce((sum, xcom) => sum + xcom.sizeBytes, 0);
        if (asked.has(key)) askedBytes += sizeBytes;
        else foreseenBytes += sizeBytes;
        // Left for another call: what is in the map is taken as known.
        if (
          asked.has(key)
            ? askedBytes > MAX_ASKED_BYTES && sound.length > 0
            : foreseenBytes > roomFor(askedBytes)
        )
          continue;
        sound.push(record);
        for (const xcom of record.xcoms) {
          if (this.#isElsewhere(xcom)) elsewhere.push(xcom);
          else digests.add(xcom.digest);
        }
      }
    }
    const verified = digests.size === 0 ? NO_BYTES : await this.#readBytes(team, [...digests], signal);
    const others = elsewhere.length === 0 ? NO_BYTES : await this.#readElsewhere(team, elsewhere, signal);
    for (const record of sound) {
      const isElsewhere = record.xcoms.some((xcom) => this.#isElsewhere(xcom));
      const xcoms = readXComs(record, isElsewhere ? others : verified);
      known.set(record.key, {
        record,
        xcoms: typeof xcoms === "string" ? xcoms : xcoms.map((xcom) => this.#placed(xcom, record)),
      });
    }
    // Values in another store are not judged here: they are replaced when the task has run.
    // Nor is anything of another scope, which is not this one's to remove.
    const isOwn = ({ which: { key } }: UnusableRecord): boolean => {
      const record = records.get(key);
      return record?.scope === undefined && record?.xcoms?.some?.((xcom) => this.#isElsewhere(xcom)) !== true;
    };
    this.#removeUnusable(team, unusableOf(known, records).filter(isOwn), verified.bad);
    return known;
  }

  /** The records whose signatures let them be used; those of the others go into `known`. */
  async #checked(
    team: string,
    keys: ReadonlySet<Digest>,
    found: ReadonlyMap<Digest, FoundRecord>,
    known: Map<Digest, Entry>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Digest, FoundRecord>> {
    const records = new Map(found);
    const sound = [...found].filter(([key, record]) => keys.has(key) && isSoundRecord(record, team, key));
    const checked =
      (await this.#signatures?.checkFound(
        sound.map(([, record]) => record),
        signal,
      )) ?? new Map();
    const invalid: Digest[] = [];
    for (const [key, record] of sound) {
      const now = checked.get(record);
      if (now?.kind === "usable") records.set(key, now.record);
      if (now?.kind !== "refused") continue;
      records.delete(key);
      known.set(key, { record, xcoms: [], refusal: now.refusal });
      if (now.refusal !== "unsigned") invalid.push(key);
    }
    if (invalid.length > 0)
      this.#log.warn("cache entries have signatures that are not valid; the tasks run", {
        team,
        keys: invalid,
      });
    return records;
  }

  /** A record of before refers to no store: its values are where those of this cache are. */
  #isElsewhere(xcom: RecordedXCom): xcom is RecordedXCom & ValueRef {
    return xcom.store !== undefined && xcom.store !== this.#valueStore;
  }

  /** A run has its own copy of what another scope may remove. */
  #placed(xcom: HitXCom, record: FoundRecord): HitXCom {
    const { store = this.#valueStore, ...rest } = xcom;
    return store === undefined || record.scope !== undefined ? rest : { ...rest, store };
  }

  async #readElsewhere(team: string, refs: readonly ValueRef[], signal: AbortSignal): Promise<VerifiedBytes> {
    if (!this.#values) return NO_BYTES;
    try {
      const bytes = await this.#values.read(team, refs, { signal });
      signal.throwIfAborted();
      return await verify(bytes);
    } catch (error) {
      // The config has changed since: a miss, and the task runs.
      if (error instanceof MemodagError && error.code === "value_store_not_configured") return NO_BYTES;
      throw error;
    }
  }

  async #readBytes(team: string, digests: readonly Digest[], signal: AbortSignal): Promise<VerifiedBytes> {
    const bytes = requireMap(await this.#results.read(team, digests, { signal }), "result");
    const verified = await verify(bytes);
    signal.throwIfAborted();
    return verified;
  }

  /** Removes what can never hit, so that the next run stores it again. Not awaited. */
  #removeUnusable(team: string, unusable: readonly UnusableRecord[], bad: ReadonlySet<Digest>): void {
    if (unusable.length === 0) return;
    const remove = async () => {
      for (const { which, cause } of unusable) await this.#records.purge({ team, ...which }, cause);
      // Where runs refer to values, the next attempt writes over them, and may have done so by now.
      if (bad.size > 0 && typeof this.#valueStore !== "string") await this.#results.delete(team, [...bad]);
    };
    this.#log.warn("removed cache entries whose record or bytes are gone, changed, or another team's", {
      team,
      keys: unusable.map(({ which }) => which.key),
    });
    remove().catch((error: unknown) => {
      // Without a catalog there is no removing: the next result takes their place.
      if (isCatalogMissing(error)) return;
      this.#log.warn("could not remove unusable cache entries", { team, error: messageOf(error) });
    });
  }
}

async function verify(bytes: ReadonlyMap<Digest, Uint8Array>): Promise<VerifiedBytes> {
  const bad = new Set<Digest>();
  const slice = new TimeSlice();
  for (const [digest, value] of bytes) {
    if (!isBytes(value)) bad.add(digest);
    // Awaiting each of what is hashed at once would be most of the work.
    else if (value.length <= HASHED_HERE_BYTES) {
      if (sha256(value) !== digest) bad.add(digest);
    } else if ((await digestOfBytes(value)) !== digest) bad.add(digest);
    if (slice.isOver) await slice.pause();
  }
  return { bytes, bad };
}

function roomFor(askedBytes: number): number {
  return Math.min(MAX_FORESEEN_BYTES, MAX_ASKED_BYTES - askedBytes);
}

/** A record to take away, and why. */
interface UnusableRecord {
  /** With the time of its making, so that what was stored in its place since is kept. */
  readonly which: { readonly key: Digest; readonly createdAt?: number };
  readonly cause: Unusable;
}

function unusableOf(
  known: ReadonlyMap<Digest, Entry>,
  records: ReadonlyMap<Digest, FoundRecord>,
): UnusableRecord[] {
  const unusable: UnusableRecord[] = [];
  for (const [key, entry] of known) {
    const cause = entry === "unsound" ? "integrity_failed" : entry?.xcoms;
    if (typeof cause !== "string") continue;
    const { createdAt } = { ...records.get(key) };
    // An unsound record may lack even that.
    unusable.push({ which: { key, ...(typeof createdAt === "number" && { createdAt }) }, cause });
  }
  return unusable;
}

/** A store may answer with anything, such as a string. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function readXComs(record: FoundRecord, { bytes, bad }: VerifiedBytes): readonly HitXCom[] | Unusable {
  const xcoms: HitXCom[] = [];
  if (record.error !== null) return xcoms;
  for (const { key, digest, sizeBytes, store } of record.xcoms) {
    const value = bytes.get(digest);
    if (value === undefined) return "result_missing";
    if (bad.has(digest) || value.length !== sizeBytes) return "integrity_failed";
    xcoms.push({ key, digest, sizeBytes, bytes: value, ...(store !== undefined && { store }) });
  }
  // A record without a returned value could not be told from one that lost it.
  return xcoms.some((xcom) => xcom.key === RETURN_VALUE) ? xcoms : "result_missing";
}

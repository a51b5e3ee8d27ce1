// Holds everything that is remembered against its digest, and finds what has lost its other half.

import { digestOfBytes, type Digest } from "@memodag/core";
import { setImmediate as nextTurn } from "node:timers/promises";
import { checkSeal, type SealState } from "../record-seal.ts";
import type { RecordStore } from "../record-store.ts";
import type { RecordedXCom } from "../recorded-xcom.ts";
import type { ResultStore } from "../result-store.ts";
import type { SignatureChecks } from "../signature-checks.ts";
import { findOrphans, inSteps } from "./orphans.ts";
import {
  ORPHAN_GRACE_MS,
  type RecordRetention,
  type ResultRetention,
  type ScannedRecord,
  type StoredResult,
} from "../retention-ports.ts";

const PAGE = 500;

/** A store of bytes with what verifying needs of it. */
export interface VerifiableResults {
  readonly store: Pick<ResultStore, "read" | "delete">;
  readonly retention: ResultRetention;
}

/** The stores of a {@link Verifier}. */
export interface VerifierParts {
  readonly records: { readonly store: Pick<RecordStore, "purge">; readonly retention: RecordRetention };
  /** Where the bytes of records are that say nothing else. */
  readonly results: VerifiableResults;
  /** Its name, as records refer to it. */
  readonly resultsName?: string | null;
  /** Where runs' XComs are, when that is elsewhere. */
  readonly xcoms?: VerifiableResults;
  /** Other stores of results, by the names by which records refer to them. */
  readonly named?: ReadonlyMap<string, VerifiableResults>;
  /**
   * True if bytes of records that name no store may be in one that is not verified here, such as one that forgets:
   * of these records only the seals are checked. Default: false.
   */
  readonly mayBeUnnamed?: boolean;
  /** False if other records, which are not verified here, may name bytes: none is called an orphan. Default: true. */
  readonly knowsAllRecords?: boolean;
  /** The key of seals; without it, seals are not checked. */
  readonly sealKey?: Uint8Array;
  /** Checks signatures; without it, they count as those of another key. */
  readonly signatures?: SignatureChecks;
}

/** A record that can never hit, or, as `seal_wrong`, one whose result is not that which it was stored with. */
export interface BadRecord {
  readonly team: string;
  readonly key: Digest;
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly createdAt: number;
  readonly dagId: string;
  readonly taskId: string;
  readonly problem: "result_missing" | "integrity_failed" | "seal_wrong";
}

/** Bytes that do not have the digest under which they are kept. */
export interface DamagedBytes {
  readonly team: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** True when a run's XCom names them: they are kept, whatever they are worth. */
  readonly isShown: boolean;
}

/** The findings. */
export interface Verification {
  /** How much was looked at. */
  readonly checked: { readonly records: number; readonly results: number; readonly sizeBytes: number };
  /** How many records have a seal that is right, wrong, made with another key, and none. */
  readonly seals: Readonly<Record<SealState, number>>;
  readonly badRecords: readonly BadRecord[];
  readonly damaged: readonly DamagedBytes[];
  /** Bytes that neither a record nor an XCom refers to, and that are old enough not to be in use by a writer. */
  readonly orphans: readonly StoredResult[];
  /** True when everything that may be removed was removed. */
  readonly isRepaired: boolean;
  /** True when nothing is wrong, or nothing any more. */
  readonly isSound: boolean;
}

/** Verifies one cache and the XComs of runs. Reads all bytes there are. */
export class Verifier {
  readonly #parts: VerifierParts;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** @param repair whether bad records, orphans, and damaged bytes that no XCom names are removed */
  async verify(repair: boolean): Promise<Verification> {
    const { results, xcoms, named = new Map<string, VerifiableResults>() } = this.#parts;
    const all = [results, ...(xcoms ? [xcoms] : []), ...named.values()];
    const found = new Map<VerifiableResults, FoundBytes>();
    for (const store of all) found.set(store, await this.#verifyBytes(store, repair));
    const { badRecords, count, seals } = await this.#verifyRecords(found);
    const damaged = [...found.values()].flatMap((bytes) => bytes.damaged);
    const orphans = [...found.values()].flatMap((bytes) => bytes.orphans);
    if (repair) {
      await this.#removeRecords(badRecords);
      for (const [store, bytes] of found) await removeBytes(store, bytes);
    }
    const isClean = badRecords.length + damaged.length + orphans.length === 0;
    return {
      checked: {
        records: count,
        results: sumOf(found.values(), (bytes) => bytes.count),
        sizeBytes: sumOf(found.values(), (bytes) => bytes.sizeBytes),
      },
      seals,
      badRecords,
      damaged,
      orphans,
      isRepaired: repair,
      isSound: isClean || (repair && !damaged.some(({ isShown }) => isShown)),
    };
  }

  async #verifyBytes({ store, retention }: VerifiableResults, repair: boolean): Promise<FoundBytes> {
    const { records, knowsAllRecords = true } = this.#parts;
    const found: FoundBytes = { damaged: [], orphans: [], count: 0, sizeBytes: 0 };
    for await (const page of retention.scan(PAGE)) {
      if (repair) await retention.adopt?.(page);
      for (const step of inSteps(page)) {
        const bad = await findDamaged(store, step);
        for (const one of bad) found.damaged.push(one);
        found.count += step.length;
        found.sizeBytes += step.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        await nextTurn();
      }
      if (!knowsAllRecords) continue;
      for (const one of await findOrphans(records.retention, page)) found.orphans.push(one);
    }
    return found;
  }

  async #verifyRecords(found: ReadonlyMap<VerifiableResults, FoundBytes>): Promise<FoundRecords> {
    const { records } = this.#parts;
    const damaged = new Map(
      Array.from(found, ([store, bytes]) => [store, new Set(bytes.damaged.map(nameOf))]),
    );
    const badRecords: BadRecord[] = [];
    const seals = { right: 0, wrong: 0, none: 0, foreign: 0 };
    let count = 0;
    for await (const page of records.retention.scan(PAGE)) {
      count += page.length;
      for (const [team, ofTeam] of Map.groupBy(page, (record) => record.team)) {
        const xcoms = ofTeam.flatMap((record) => record.xcoms);
        const sizes = new Map<VerifiableResults, ReadonlyMap<Digest, number>>();
        for (const [store, some] of Map.groupBy(xcoms, (xcom) => this.#storeOf(xcom.store))) {
          const digests = new Set(some.map(({ digest }) => digest));
          if (store) sizes.set(store, await store.retention.sizesOf(team, [...digests]));
        }
        for (const record of ofTeam) {
          const seal = this.#sealOf(record);
          seals[seal] += 1;
          const problem =
            this.#problemOf(record, sizes, damaged) ??
            (seal === "wrong" ? ("seal_wrong" as const) : undefined);
          const { key, createdAt, dagId, taskId } = record;
          if (problem) badRecords.push({ team, key, createdAt, dagId, taskId, problem });
        }
      }
    }
    return { badRecords, count, seals };
  }

  /** The state of the seal, or of the signature in place of it. */
  #sealOf(record: ScannedRecord): SealState {
    const { sealKey, signatures } = this.#parts;
    const { signed } = record;
    if (!signed) return checkSeal(record, sealKey);
    return signatures?.check({ ...record, ...signed }) ?? "foreign";
  }

  /** Undefined for a store that is not verified here, of whose bytes nothing is said. */
  #storeOf(store: RecordedXCom["store"]): VerifiableResults | undefined {
    const { results, resultsName, xcoms, named, mayBeUnnamed = false } = this.#parts;
    if (store === undefined) return mayBeUnnamed ? undefined : results;
    if (store === resultsName) return results;
    if (store === null) return xcoms ?? results;
    // Without a name, the deployment's store is where records of any name are.
    return named?.get(store) ?? (resultsName === undefined && !named ? results : undefined);
  }

  #problemOf(
    { team, xcoms, isFailure }: ScannedRecord,
    sizes: ReadonlyMap<VerifiableResults, ReadonlyMap<Digest, number>>,
    damaged: ReadonlyMap<VerifiableResults, ReadonlySet<string>>,
  ): BadRecord["problem"] | undefined {
    if (isFailure) return undefined;
    if (xcoms.length === 0) return "result_missing";
    let isBad = false;
    for (const { digest, sizeBytes, store: name } of xcoms) {
      const store = this.#storeOf(name);
      if (!store) continue;
      const size = sizes.get(store)?.get(digest);
      if (size === undefined) return "result_missing";
      isBad ||= size !== sizeBytes || damaged.get(store)?.has(nameOf({ team, digest })) === true;
    }
    return isBad ? "integrity_failed" : undefined;
  }

  async #removeRecords(bad: readonly BadRecord[]): Promise<void> {
    for (const { team, key, createdAt, problem } of bad) {
      // With its making: what was stored in its place since is left alone.
      const cause = problem === "seal_wrong" ? "integrity_failed" : problem;
      await this.#parts.records.store.purge({ team, key, createdAt }, cause);
    }
  }
}

interface FoundBytes {
  readonly damaged: DamagedBytes[];
  readonly orphans: StoredResult[];
  count: number;
  sizeBytes: number;
}

interface FoundRecords {
  readonly badRecords: BadRecord[];
  readonly count: number;
  readonly seals: Verification["seals"];
}

function sumOf(found: Iterable<FoundBytes>, sizeOf: (bytes: FoundBytes) => number): number {
  return [...found].reduce((sum, bytes) => sum + sizeOf(bytes), 0);
}

async function findDamaged(
  store: VerifiableResults["store"],
  results: readonly StoredResult[],
): Promise<DamagedBytes[]> {
  const [first] = results;
  if (!first) return [];
  const read = await store.read(
    first.team,
    results.map(({ digest }) => digest),
  );
  const damaged: DamagedBytes[] = [];
  for (const { team, digest, sizeBytes, isShown } of results) {
    const bytes = read.get(digest);
    // Collected since it was listed.
    if (bytes === undefined) continue;
    if ((await digestOfBytes(bytes)) !== digest) damaged.push({ team, digest, sizeBytes, isShown });
  }
  return damaged;
}

/** The records that named damaged bytes are gone by now, so that only XComs still hold them. */
async function removeBytes({ store, retention }: VerifiableResults, found: FoundBytes): Promise<void> {
  for (const { team, digest, isShown } of found.damaged) {
    if (!isShown) await store.delete(team, [digest]);
  }
  for (const step of inSteps(found.orphans)) {
    const digests = step.map(({ digest }) => digest);
    if (step[0]) await retention.deleteUnnamed(step[0].team, digests, ORPHAN_GRACE_MS);
  }
}

function nameOf({ team, digest }: { readonly team: string; readonly digest: Digest }): string {
  return JSON.stringify([team, digest]);
}

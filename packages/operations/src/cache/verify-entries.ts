// Compares the bytes of entries with their digests.

import { createHash } from "node:crypto";
import { messageOf, type CheckedBlob, type Digest } from "@memodag/core";
import type { Stores } from "../context.ts";

/** Bytes of entries that are not in their store, or not what was saved, or could not be read. */
export interface BadEntryBytes {
  readonly team: string;
  readonly store: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly problem: "missing" | "damaged" | "unreadable";
  /** Why they could not be read; `null` otherwise. */
  readonly error: string | null;
  /** The first of the entries that name them. */
  readonly entries: readonly { readonly cache: string; readonly key: string }[];
  /** How many cached results restore them. */
  readonly records: number;
}

/** The findings about the bytes of entries. */
export interface EntryVerification {
  readonly checked: number;
  readonly sizeBytes: number;
  readonly bad: readonly BadEntryBytes[];
}

const PAGE = 500;

/** Entries that a finding lists, at most. */
const MOST_NAMED = 10;

/**
 * Reads and hashes the bytes of all entries. With `repair`, removes the entries and cached results that name missing or
 * damaged bytes.
 * @returns also whether everything is sound, or is now
 */
export async function verifyEntries(
  stores: Pick<Stores, "entries" | "openByteStore">,
  repair: boolean,
): Promise<{ readonly found: EntryVerification; readonly isSound: boolean }> {
  const bad: BadEntryBytes[] = [];
  let checked = 0;
  let sizeBytes = 0;
  let isSound = true;
  for (let after = 0; ;) {
    const page = await stores.entries.listBlobs(after, PAGE);
    for (const blob of page) {
      checked += 1;
      sizeBytes += blob.sizeBytes;
      const fault = await findFault(stores, blob);
      if (!fault) continue;
      const { team, store, digest } = blob;
      const names = await stores.entries.findBlobNames(blob, MOST_NAMED);
      // Nothing would miss them: they are about to be collected, or of an attempt that may yet fail.
      if (names.entries.length === 0 && names.records === 0) continue;
      bad.push({ team, store, digest, sizeBytes: blob.sizeBytes, ...fault, ...names });
      const isForgotten =
        repair &&
        fault.problem !== "unreadable" &&
        (await stores.entries.forgetBlob(blob, fault.problem === "damaged"));
      isSound &&= isForgotten;
    }
    const last = page.at(-1);
    if (page.length < PAGE || !last) break;
    after = last.id;
  }
  return { found: { checked, sizeBytes, bad }, isSound };
}

async function findFault(
  { openByteStore }: Pick<Stores, "openByteStore">,
  { team, store, name, digest, sizeBytes }: CheckedBlob,
): Promise<Pick<BadEntryBytes, "problem" | "error"> | undefined> {
  try {
    const stream = await (await openByteStore(store)).read(team, name);
    if (!stream) return { problem: "missing", error: null };
    const hash = createHash("sha256");
    let read = 0;
    for await (const chunk of stream) {
      hash.update(chunk);
      read += chunk.length;
    }
    const isSame = read === sizeBytes && hash.digest("hex") === digest;
    return isSame ? undefined : { problem: "damaged", error: null };
  } catch (error) {
    return { problem: "unreadable", error: messageOf(error) };
  }
}

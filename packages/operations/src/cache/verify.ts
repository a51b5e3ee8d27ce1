// Checks what is stored against its digests.

import type { MissedStore, Verification } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { openVerifier } from "./collection.ts";
import { verifyEntries, type EntryVerification } from "./verify-entries.ts";

/** The outcome of a verification. */
export interface VerifyReport extends Omit<Verification, "isSound" | "isRepaired"> {
  /** True when there is no damage, or all of it was repaired. */
  readonly ok: boolean;
  /** True when everything that may be removed was removed. */
  readonly repaired: boolean;
  /** The bytes of entries of job caches. */
  readonly entries: EntryVerification;
  /** Stores that were not verified. Absent: none. */
  readonly missed?: readonly MissedStore[];
}

/**
 * Hashes all stored bytes again. With `repair`, removes bad entries and unreferenced bytes.
 * @throws MemodagError `config_invalid` for a backend that cannot be enumerated.
 */
export async function verifyCache(
  context: OperationContext,
  { repair = false }: { readonly repair?: boolean | undefined },
): Promise<VerifyReport> {
  const { verifier, missed } = await openVerifier(context);
  const verify = async (): Promise<VerifyReport> => {
    // Entries first: with bad bytes of theirs go the records that name them.
    const entries = await verifyEntries(context.stores, repair);
    const { isSound, isRepaired, ...rest } = await verifier.verify(repair);
    const all = { ...rest, entries: entries.found, ...(missed.length > 0 && { missed }) };
    return { ok: isSound && entries.isSound, repaired: isRepaired, ...all };
  };
  // A check without repair changes nothing, so it is not recorded.
  if (!repair) return await verify();
  return await audited(
    context.stores.audit,
    newAct(context.actor, "cache.verify", null, { repair: true }),
    verify,
    ({ badRecords, damaged, orphans, entries }) =>
      badRecords.length +
      damaged.filter(({ isShown }) => !isShown).length +
      orphans.length +
      entries.bad.filter(({ problem }) => problem !== "unreadable").length,
  );
}

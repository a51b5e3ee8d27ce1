// Checks what is stored against its digests.

import type { Verification } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { openVerifier } from "./collection.ts";

/** The outcome of a verification. */
export interface VerifyReport extends Omit<Verification, "isSound" | "isRepaired"> {
  /** True when there is no damage, or all of it was repaired. */
  readonly ok: boolean;
  /** True when everything that may be removed was removed. */
  readonly repaired: boolean;
}

/**
 * Hashes all stored bytes again. With `repair`, removes bad entries and unreferenced bytes.
 * @throws MemodagError `config_invalid` for a backend that cannot be enumerated.
 */
export async function verifyCache(
  context: OperationContext,
  { repair = false }: { readonly repair?: boolean | undefined },
): Promise<VerifyReport> {
  const verifier = await openVerifier(context);
  // A check without repair changes nothing, so it is not recorded.
  if (!repair) return reportOf(await verifier.verify(false));
  const found = await audited(
    context.stores.audit,
    newAct(context.actor, "cache.verify", null, { repair: true }),
    () => verifier.verify(true),
    ({ badRecords, damaged, orphans }) =>
      badRecords.length + damaged.filter(({ isShown }) => !isShown).length + orphans.length,
  );
  return reportOf(found);
}

function reportOf({ isSound, isRepaired, ...rest }: Verification): VerifyReport {
  return { ok: isSound, repaired: isRepaired, ...rest };
}

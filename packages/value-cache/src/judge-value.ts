// Decides whether a stored value is current, stale or over.

import type { CallSettings } from "./value-options.ts";
import type { EncodedValue, StoredValue } from "./value-adapter.ts";

/** The standing of a stored value for a call. */
export type Judgement =
  | { readonly kind: "current"; readonly value: EncodedValue }
  /** An error that is still remembered. */
  | { readonly kind: "error"; readonly value: EncodedValue; readonly ageMs: number }
  /** Its ttl is over, its grace is not. */
  | { readonly kind: "stale"; readonly value: EncodedValue }
  | { readonly kind: "absent" };

/** Holds the age of a value against the ttl that it was stored with, and against that of the call if it names one. */
export function judgeValue(
  stored: StoredValue | undefined,
  { readTtlMs, graceMs }: Pick<CallSettings, "readTtlMs" | "graceMs">,
): Judgement {
  if (!stored) return { kind: "absent" };
  const { value, ageMs } = stored;
  const storedTtlMs = stored.ttlMs ?? Number.POSITIVE_INFINITY;
  if (value.kind === "error")
    return ageMs < storedTtlMs ? { kind: "error", value, ageMs } : { kind: "absent" };
  const ttlMs = Math.min(storedTtlMs, readTtlMs ?? Number.POSITIVE_INFINITY);
  if (ageMs < ttlMs) return { kind: "current", value };
  return ageMs < ttlMs + graceMs ? { kind: "stale", value } : { kind: "absent" };
}

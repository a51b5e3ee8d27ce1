// Questions whose answers no event makes old: they are asked anew while their page is seen.

import type { RoutedName } from "@memodag/api-contract/routes";
import type { Read } from "./api.ts";

/** Milliseconds between two questions. */
const EVERY_MS = 5_000;

/** The same for sums over all entries. */
export const SUMS_EVERY_MS = 30_000;

/** The question, asked anew every five seconds, or less often. */
export function polled<N extends RoutedName>(
  question: Read<N>,
  everyMs: number = EVERY_MS,
): Read<N> & { readonly refetchInterval: number } {
  return { ...question, refetchInterval: everyMs };
}

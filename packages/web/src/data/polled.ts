// Questions whose answers no event makes old: they are asked anew while their page is seen.

import type { RoutedName } from "@memodag/api-contract/routes";
import type { Read } from "./api.ts";

/** Milliseconds between two questions. */
const EVERY_MS = 5_000;

/** The question, asked anew every five seconds. */
export function polled<N extends RoutedName>(
  question: Read<N>,
): Read<N> & { readonly refetchInterval: number } {
  return { ...question, refetchInterval: EVERY_MS };
}

// Splits long lists.

/** Yields the items in order, in lists of `size` and a shorter last one. */
export function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[], void> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

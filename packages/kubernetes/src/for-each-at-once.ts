// Work on many items, some of them at a time.

/** Works on all items, so many at once. @throws the first error, after all have been tried */
export async function forEachAtOnce<T>(
  atOnce: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const errors: unknown[] = [];
  const runners = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const item of left) await work(item).catch((error: unknown) => errors.push(error));
  });
  await Promise.all(runners);
  if (errors.length > 0) throw errors[0];
}

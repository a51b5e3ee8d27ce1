// The parts of a key as the JSON of its components has them, for finding keys that share most of them.

import type { RecordedComponents } from "@memodag/result-cache";

/** Keys of an instance that are compared at most, the latest: some 30 days of a run every five minutes. */
export const MOST_COMPARED = 10_000;

/** Parts that are looked for at most; an instance with more arguments is compared by the first. */
const MOST_PARTS = 32;

/** Each part as `"name":value`, the way `JSON.stringify` writes it. Texts to be shown are no parts. */
export function keyParts(components: RecordedComponents): string[] {
  const named = Object.entries(components).filter(([name]) => name !== "shown");
  const parts = named.flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, digest]) => part(inner, digest))
      : [part(name, value)],
  );
  return parts.slice(0, MOST_PARTS);
}

function part(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

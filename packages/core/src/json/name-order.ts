// The order of property names in canonical JSON.

const LONGEST_INSERTION_SORT = 16;

/** Sorts by UTF-16 code units, in place. Optimized for few names that are mostly sorted. */
export function sortNames(names: string[]): string[] {
  if (names.length > LONGEST_INSERTION_SORT) return names.sort();
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string;
    let place = index;
    while (place > 0 && (names[place - 1] as string) > name) {
      names[place] = names[place - 1] as string;
      place--;
    }
    names[place] = name;
  }
  return names;
}

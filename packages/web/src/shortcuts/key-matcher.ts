// Finds the shortcut of keys that are pressed one after another.

/** Milliseconds within which the second key of two has to follow. */
const SECOND_KEY_MS = 1_500;

/** Matches keys with a table of `keys` → value. */
export class KeyMatcher<T> {
  readonly #table: ReadonlyMap<string, T>;
  #first = "";
  #firstAt = 0;

  constructor(table: ReadonlyMap<string, T>) {
    this.#table = table;
  }

  /** Returns the value of a shortcut that this key completes. @param at milliseconds, of any clock */
  press(key: string, at: number): T | undefined {
    const both = `${this.#first} ${key}`;
    const isSecond = this.#first !== "" && at - this.#firstAt <= SECOND_KEY_MS;
    this.#first = key;
    this.#firstAt = at;
    const found = (isSecond ? this.#table.get(both) : undefined) ?? this.#table.get(key);
    if (found !== undefined) this.#first = "";
    return found;
  }
}

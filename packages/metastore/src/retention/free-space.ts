// Gives the space of deleted rows back to the file system, where the database does not do so itself.

import type { Dialect } from "../dialect.ts";

/** Space that nothing uses any more. */
export class FreeSpace {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /**
   * Gives back up to `most` pages that are free, but leaves at least the share `kept` of the file free, for what is
   * written next. Resolves to the bytes that were given back: 0 if there were none, on PostgreSQL, and for a SQLite file
   * that an earlier version made.
   */
  async giveBack(most: number, kept: number): Promise<number> {
    return await this.#dialect.giveBackPages(most, kept);
  }
}

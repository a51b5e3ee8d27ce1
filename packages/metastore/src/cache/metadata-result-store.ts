// Bytes of results in the metadata database, shared with the XComs of runs.

import { MemodagError, messageOf, type Digest } from "@memodag/core";
import type { ResultBytes, ResultRetention, ResultStore, StoreCallOptions } from "@memodag/result-cache";
import { isDataFault } from "../database-fault.ts";
import type { Dialect } from "../dialect.ts";
import { MetadataResultRetention } from "./metadata-result-retention.ts";

const ANY_AGE_MS = 0;

/** The result store of the metadata database. What an XCom or a record names is never deleted. */
export class MetadataResultStore implements ResultStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async read(
    team: string,
    digests: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, Uint8Array>> {
    return await this.#dialect.readResults(team, digests, options);
  }

  async write(team: string, results: readonly ResultBytes[]): Promise<void> {
    try {
      await this.#dialect.writeResults(team, results);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      throw new MemodagError(
        "result_not_storable",
        `The database does not take these results (${messageOf(error)}): return less, or store it elsewhere`,
        { cause: error, fields: { reason: messageOf(error) } },
      );
    }
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    await this.#dialect.deleteResults(team, digests, ANY_AGE_MS);
  }

  async retention(): Promise<ResultRetention> {
    return new MetadataResultRetention(this.#dialect);
  }
}

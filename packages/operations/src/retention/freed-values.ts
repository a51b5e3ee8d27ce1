// Finds the values that nothing would refer to any more once XComs are removed.

import type { Digest, ReferredValue } from "@memodag/core";
import { openRecords } from "../cache/collection.ts";
import type { Stores } from "../context.ts";

/** Digests that are looked up at a time. */
const PAGE = 500;

/** Values of XComs that go. */
export class FreedValues {
  readonly #byTeam = new Map<string, Map<Digest, { references: number; sizeBytes: number }>>();

  add(values: readonly ReferredValue[]): void {
    for (const { team, digest, references, sizeBytes } of values) {
      const ofTeam = this.#byTeam.get(team) ?? new Map<Digest, { references: number; sizeBytes: number }>();
      this.#byTeam.set(team, ofTeam);
      const known = ofTeam.get(digest)?.references ?? 0;
      ofTeam.set(digest, { references: known + references, sizeBytes });
    }
  }

  /** The size of those to which neither an XCom that stays nor a record refers. */
  async sizeFreed(stores: Pick<Stores, "runRetention" | "listRecordStores">): Promise<number> {
    const { retention: recorded, missed } = await openRecords(stores);
    let bytes = 0;
    // A store that cannot be asked may name any of them, and a collection then keeps all.
    if (missed.length > 0) return bytes;
    for (const [team, values] of this.#byTeam) {
      const digests = [...values.keys()];
      for (let at = 0; at < digests.length; at += PAGE) {
        const some = digests.slice(at, at + PAGE);
        const named = (await recorded?.findNamed(team, some)) ?? new Set(some);
        const all = await stores.runRetention.countReferences(team, some);
        for (const digest of some) {
          const value = values.get(digest);
          if (value && !named.has(digest) && all.get(digest) === value.references) bytes += value.sizeBytes;
        }
      }
    }
    return bytes;
  }
}

// The largest results that a database says it takes, and others beside them, are written and read.

import { digestOfBytes } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";

const MIB = 2 ** 20;
/** With the others of a statement more than a string of its digits holds, were they sent together. */
const MOST = 100 * MIB;

describe.each(TEST_DIALECTS)("large results on %s", (dialect) => {
  test("are stored one beside another", async () => {
    const metastore = await openTestMetastore(dialect);
    try {
      expect(metastore.maxResultBytes).toBeGreaterThanOrEqual(MOST);
      const sizes = [63 * MIB, MOST, 63 * MIB + 1, MOST + 1];
      const results = await Promise.all(
        sizes.map(async (size, index) => {
          const bytes = Buffer.alloc(size, index + 1);
          return { digest: await digestOfBytes(bytes), bytes };
        }),
      );
      await metastore.results.write("red", results);
      for (const { digest, bytes } of results) {
        const read = (await metastore.results.read("red", [digest])).get(digest);
        expect(read && bytes.equals(read)).toBe(true);
      }
    } finally {
      await metastore.close();
    }
  }, 300_000);
});

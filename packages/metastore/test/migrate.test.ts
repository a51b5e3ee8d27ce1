import { expect, test } from "vitest";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";

test.each(TEST_DIALECTS)("opens %s", async (dialect) => {
  await using metastore = await openTestMetastore(dialect);
  expect((await metastore.migrationStatus()).pending).toEqual([]);
});

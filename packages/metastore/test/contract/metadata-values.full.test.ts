// The contracts of large values and of get-or-create, which take longer than the others.

import { describeByteStore } from "@memodag/result-cache/testing";
import { describeValueAdapter, describeValueCache } from "@memodag/value-cache/testing";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, test } from "vitest";

describe.each(TEST_DIALECTS)("values in the metadata database on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const runner = { describe, test };

  describeByteStore(
    dialect,
    {
      async open() {
        await metastore.execute("delete from byte_object");
        return { store: metastore.bytes, close: () => metastore.execute("delete from byte_object") };
      },
    },
    runner,
  );

  const valueHarness = {
    async open() {
      const forget = (): Promise<void> =>
        metastore.execute(
          "delete from cache_value; delete from cache_value_lease; delete from cache_value_counter",
        );
      await forget();
      const again = await metastore.openAgain();
      return {
        adapter: metastore.valueCaches,
        openAgain: async () => again.valueCaches,
        passTime: (ms: number) =>
          metastore.execute(`update cache_value set stored_at = stored_at - ${ms}, expires_at = expires_at - ${ms};
            update cache_value_lease set expires_at = expires_at - ${ms}`),
        async close() {
          await again.close();
          await forget();
        },
      };
    },
  };
  describeValueAdapter(dialect, valueHarness, runner);
  describeValueCache(dialect, valueHarness, runner);
});

import {
  describeLeaseStore,
  describeRecordStore,
  describeResultStore,
  describeRetention,
} from "@memodag/result-cache/testing";
import { ManualClock } from "@memodag/core/testing";
import { ByteResultStore, MemoryByteStore, NotedResults } from "@memodag/result-cache";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, test } from "vitest";

describe.each(TEST_DIALECTS)("the metadata database on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const runner = { describe, test };
  const empty = (): Promise<void> => metastore.execute("delete from cache_record; delete from result");

  describeRecordStore(
    dialect,
    {
      async open() {
        await empty();
        return {
          store: metastore.records,
          passTime: (ms) =>
            metastore.execute(`update cache_record set created_at = created_at - ${ms},
              expires_at = expires_at - ${ms}, last_hit_at = last_hit_at - ${ms}`),
          close: empty,
        };
      },
    },
    runner,
  );

  describeLeaseStore(
    dialect,
    {
      async open() {
        await metastore.execute("delete from cache_lease");
        return {
          store: metastore.leases,
          passTime: (ms) => metastore.execute(`update cache_lease set expires_at = expires_at - ${ms}`),
          close: () => metastore.execute("delete from cache_lease"),
        };
      },
    },
    runner,
  );

  describeResultStore(
    dialect,
    {
      async open() {
        await empty();
        return { store: metastore.results, close: empty };
      },
    },
    runner,
  );

  describeRetention(
    dialect,
    {
      async open() {
        await empty();
        return {
          records: metastore.records,
          results: metastore.results,
          passTime: (ms) =>
            metastore.execute(`update cache_record set created_at = created_at - ${ms},
              expires_at = expires_at - ${ms}, last_hit_at = last_hit_at - ${ms};
              update result set created_at = created_at - ${ms}`),
          close: empty,
        };
      },
    },
    runner,
  );

  const notedResults = (clock: ManualClock): NotedResults =>
    new NotedResults({
      results: new ByteResultStore(new MemoryByteStore(clock)),
      notes: metastore.written,
      store: "bucket",
      clock,
    });
  const unnoted = async (): Promise<void> => {
    await metastore.execute("delete from written_result");
    await empty();
  };

  describeResultStore(
    `a bucket noted on ${dialect}`,
    {
      async open() {
        await unnoted();
        return { store: notedResults(new ManualClock()), close: unnoted };
      },
    },
    runner,
  );

  describeRetention(
    `a bucket noted on ${dialect}`,
    {
      async open() {
        await unnoted();
        const clock = new ManualClock();
        return {
          records: metastore.records,
          results: notedResults(clock),
          async passTime(ms) {
            clock.advance(ms);
            await metastore.execute(`update cache_record set created_at = created_at - ${ms},
              expires_at = expires_at - ${ms}, last_hit_at = last_hit_at - ${ms};
              update written_result set written_at = written_at - ${ms}, condemned_at = condemned_at - ${ms}`);
          },
          close: unnoted,
        };
      },
    },
    runner,
  );
});

import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRun, saveDag } from "./dags-and-runs.ts";

/** Counts calls, and lets a test wait for the next one. */
class Heard {
  count = 0;
  #next = Promise.withResolvers<void>();

  readonly listener = (): void => {
    this.count += 1;
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  };

  get next(): Promise<void> {
    return this.#next.promise;
  }
}

describe.each(TEST_DIALECTS)("watching for runs on %s", (dialect) => {
  let metastore: TestMetastore;
  let version: number;
  let runCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    version = await saveDag(metastore, "d");
  });
  afterAll(() => metastore.close());
  const createRun = () => metastore.runs.createRun(newRun("d", version, { runId: `r${(runCount += 1)}` }));

  test("hears of a run that another process made, or gave back, and of nothing once it is closed", async () => {
    const other = await metastore.openAgain();
    const heard = new Heard();
    const watch = await other.changes.watchRuns(heard.listener);
    const made = heard.next;
    await createRun();
    await made;
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [] });
    const released = heard.next;
    await metastore.runs.releaseLeases("me");
    await released;
    await watch.close();
    const { count } = heard;
    const third = new Heard();
    const witness = await metastore.openAgain();
    const second = await witness.changes.watchRuns(third.listener);
    const seen = third.next;
    await createRun();
    await seen;
    await second.close();
    expect(heard.count).toBe(count);
  });

  test("hears of a Dag whose schedule may have changed", async () => {
    const other = await metastore.openAgain();
    const heard = new Heard();
    const watch = await other.changes.watchRuns(heard.listener);
    const saved = heard.next;
    await saveDag(metastore, "scheduled", "red", { schedule: "@daily" });
    await saved;
    const paused = heard.next;
    await metastore.dags.setPaused("red", "scheduled", true);
    await paused;
    expect(heard.count).toBeGreaterThanOrEqual(2);
    await watch.close();
  });
});

test("watching on PostgreSQL goes on after the connection was cut", async () => {
  await using metastore = await openTestMetastore("postgres");
  const version = await saveDag(metastore, "d");
  const heard = new Heard();
  const other = await metastore.openAgain();
  const watch = await other.changes.watchRuns(heard.listener);
  const again = heard.next;
  await metastore.execute(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()",
  );
  // It looks once by itself: something may have been said meanwhile.
  await again;
  const made = heard.next;
  await metastore.runs.createRun(newRun("d", version));
  await made;
  expect(heard.count).toBeGreaterThanOrEqual(3);
  await watch.close();
});

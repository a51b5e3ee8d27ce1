import { statSync } from "node:fs";
import Database from "better-sqlite3";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";

const HOUR = 3_600_000;

const pathOf = ({ url }: TestMetastore): string => url.replace("sqlite:", "");

async function makeAndRemove(metastore: TestMetastore, dagId: string): Promise<void> {
  const runs = await endRuns(metastore, dagId, { runs: 400, instances: 10, endedAgo: HOUR });
  await metastore.runRetention.removeOld(runs.map(({ id }) => id));
  while (await metastore.runRetention.drain(10_000));
}

test("a SQLite file shrinks in steps to what is used, and as far as it is told to", async () => {
  await using metastore = await openTestMetastore("sqlite");
  const path = pathOf(metastore);
  await makeAndRemove(metastore, "a");
  await metastore.execute("pragma wal_checkpoint(truncate)");
  const full = statSync(path).size;
  const step = await metastore.freeSpace.giveBack(10, 0);
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThanOrEqual(10 * 4_096);
  let given = step;
  for (let more = 1; more > 0; given += more) more = await metastore.freeSpace.giveBack(100, 0.5);
  const half = statSync(path).size;
  expect(half).toBeLessThan(full);
  expect(freeShare(path)).toBeCloseTo(0.5, 1);
  for (let more = 1; more > 0; given += more) more = await metastore.freeSpace.giveBack(100, 0);
  expect(freeShare(path)).toBe(0);
  expect(full - statSync(path).size).toBe(given);
  expect(await metastore.freeSpace.giveBack(100, 0)).toBe(0);
  // What is left is sound, and grows again.
  await makeAndRemove(metastore, "b");
  expect(integrityOf(path)).toBe("ok");
  expect(await metastore.runs.listRuns({ dagId: "a", limit: 9 })).toHaveLength(1);
});

test("a SQLite file of an earlier version stays as large as it is", async () => {
  await using metastore = await openTestMetastore("sqlite");
  const path = pathOf(metastore);
  await metastore.execute("pragma auto_vacuum = none; vacuum");
  await makeAndRemove(metastore, "a");
  expect(freeShare(path)).toBeGreaterThan(0.3);
  expect(await metastore.freeSpace.giveBack(100, 0)).toBe(0);
});

describe.each(TEST_DIALECTS)("giving space back on %s", (dialect) => {
  test("does nothing where there is none", async () => {
    await using metastore = await openTestMetastore(dialect);
    while ((await metastore.freeSpace.giveBack(100, 0)) > 0);
    expect(await metastore.freeSpace.giveBack(100, 0)).toBe(0);
  });
});

function freeShare(path: string): number {
  const database = new Database(path, { readonly: true });
  const read = (name: string): number => Number(database.pragma(name, { simple: true }));
  const share = read("freelist_count") / read("page_count");
  database.close();
  return share;
}

function integrityOf(path: string): unknown {
  const database = new Database(path, { readonly: true });
  const found = database.pragma("integrity_check", { simple: true });
  database.close();
  return found;
}

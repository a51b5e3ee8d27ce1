import { sha256 } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import type { RecordFilter } from "@memodag/result-cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";

describe.each(TEST_DIALECTS)("the record store on %s", (dialect) => {
  let metastore: TestMetastore;
  let teamCount = 0;
  const newTeam = (): string => `team${(teamCount += 1)}`;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const find = async (team: string, key: string) =>
    (await metastore.records.list({ team, key }, { limit: 1, offset: 0 }))[0];

  test("keeps all of a record", async () => {
    const team = newTeam();
    const wanted = cacheRecord("all", { team });
    const { ttlMs, ...fields } = wanted;
    expect(await metastore.records.put(wanted, "keep-live")).toEqual({ kind: "stored" });
    const found = await metastore.records.find(team, [wanted.key, sha256("absent")]);
    expect([...found.keys()]).toEqual([wanted.key]);
    const record = (await find(team, wanted.key))!;
    const { key, xcoms, error, producer, durationMs } = wanted;
    const ageMs = expect.any(Number) as number;
    const { createdAt } = record;
    expect(found.get(key)).toEqual({ team, key, xcoms, error, producer, durationMs, createdAt, ageMs });
    expect(record).toEqual({
      ...fields,
      createdAt: expect.any(Number),
      expiresAt: record.createdAt + ttlMs!,
      lastHitAt: null,
      hitCount: 0,
      ageMs: expect.any(Number),
    });
    expect(record.ageMs).toBeGreaterThanOrEqual(0);
    expect(record.ageMs).toBeLessThan(10_000);
    expect(await metastore.records.list({ team }, { limit: 9, offset: 0 })).toMatchObject([fields]);
    expect(await metastore.records.find(team, [])).toEqual(new Map());
  });

  test("finds a record whose list of results was damaged as one without any, and its neighbours whole", async () => {
    const team = newTeam();
    const [damaged, whole] = [cacheRecord("damaged", { team }), cacheRecord("whole", { team })];
    for (const record of [damaged, whole]) await metastore.records.put(record, "keep-live");
    await metastore.execute(`update cache_record set xcoms = '[{' where key = '${damaged.key}'`);
    const found = await metastore.records.find(team, [damaged.key, whole.key]);
    expect(found.get(damaged.key)?.xcoms).toEqual([]);
    expect(found.get(whole.key)?.xcoms).toEqual(whole.xcoms);
  });

  test("finds thousands of keys in one call", async () => {
    const team = newTeam();
    const present = Array.from({ length: 30 }, (_, index) => cacheRecord(`many${index}`, { team }));
    for (const record of present) await metastore.records.put(record, "keep-live");
    const absent = Array.from({ length: 6_000 }, (_, index) => sha256(`absent${index}`));
    const keys = present.map((record) => record.key);
    const found = await metastore.records.find(team, [
      ...absent.slice(0, 3_000),
      ...keys,
      ...absent.slice(3_000),
    ]);
    expect([...found.keys()].sort()).toEqual(keys.sort());
  });

  test("keeps a live row, and replaces it on demand or when it has expired", async () => {
    const team = newTeam();
    const first = cacheRecord("put", { team });
    const other = (runId: string, changes = {}) =>
      cacheRecord("put", {
        team,
        xcoms: [{ key: "return_value", digest: sha256(runId), sizeBytes: 1 }],
        producer: { runId, mapIndex: -1, tryNumber: 1 },
        ...changes,
      });
    await metastore.records.put(first, "keep-live");
    await metastore.records.touch(team, [{ key: first.key, count: 2 }]);
    expect(await metastore.records.put(other("r2"), "keep-live")).toEqual({
      kind: "kept",
      resultDigest: first.xcoms[0]!.digest,
    });
    expect(await find(team, first.key)).toMatchObject({ producer: { runId: "r1" }, hitCount: 2 });

    expect(await metastore.records.put(other("r3"), "replace")).toEqual({ kind: "stored" });
    expect(await find(team, first.key)).toMatchObject({
      producer: { runId: "r3" },
      hitCount: 0,
      lastHitAt: null,
    });

    // Expired by the ttl it was stored with.
    await metastore.records.put(other("r4", { ttlMs: 0 }), "replace");
    expect(await metastore.records.put(other("r5"), "keep-live")).toEqual({ kind: "stored" });
    // Never expires.
    await metastore.records.put(other("r7", { ttlMs: null }), "replace");
    expect(await metastore.records.put(other("r8"), "keep-live")).toMatchObject({ kind: "kept" });
    expect(await find(team, first.key)).toMatchObject({ producer: { runId: "r7" }, expiresAt: null });
    expect(await metastore.records.count({ team })).toBe(1);
  });

  test("leaves one row of many stores of one key at once", async () => {
    const team = newTeam();
    const others = await Promise.all([1, 2, 3].map(() => metastore.openAgain()));
    const outcomes = await Promise.all(
      [metastore, ...others].flatMap((one) =>
        [1, 2, 3].map(() => one.records.put(cacheRecord("race", { team }), "keep-live")),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.kind === "stored")).toHaveLength(1);
    expect(await metastore.records.count({ team })).toBe(1);
  });

  test("adds to hit counters", async () => {
    const team = newTeam();
    const [a, b] = [cacheRecord("a", { team }), cacheRecord("b", { team })];
    for (const record of [a, b]) await metastore.records.put(record, "keep-live");
    await metastore.records.touch(team, [
      { key: a.key, count: 2 },
      { key: b.key, count: 1 },
      { key: a.key, count: 3 },
      { key: sha256("absent"), count: 1 },
    ]);
    await metastore.records.touch(team, []);
    expect((await find(team, a.key))?.hitCount).toBe(5);
    expect((await find(team, b.key))?.hitCount).toBe(1);
    expect((await find(team, a.key))?.lastHitAt).toBeGreaterThan(0);
  });

  test("narrows by every field, taking texts as they are", async () => {
    const team = newTeam();
    const run = (runId: string) => ({ runId, mapIndex: -1, tryNumber: 1 });
    const records = {
      plain: cacheRecord("plain", { team, dagId: "my_dag", taskId: "a" }),
      wild: cacheRecord("wild", { team, dagId: "myXdag", taskId: "%", producer: run("r_") }),
      old: cacheRecord("old", { team, dagId: "my_dag", taskId: "b", ttlMs: 0, producer: run("rX") }),
      eternal: cacheRecord("eternal", { team, dagId: "x", ttlMs: null, sourceHash: sha256("other") }),
    };
    for (const record of Object.values(records)) await metastore.records.put(record, "keep-live");
    const nameOf = new Map(Object.entries(records).map(([name, record]) => [record.key, name]));
    const listed = async (filter: RecordFilter): Promise<(string | undefined)[]> => {
      const page = { limit: 99, offset: 0 };
      const found = await metastore.records.list({ team, ...filter }, page);
      expect(await metastore.records.count({ team, ...filter })).toBe(found.length);
      return found.map((record) => nameOf.get(record.key)).sort();
    };
    expect(await listed({})).toEqual(["eternal", "old", "plain", "wild"]);
    expect(await listed({ dagId: "my_dag" })).toEqual(["old", "plain"]);
    expect(await listed({ taskId: "%" })).toEqual(["wild"]);
    expect(await listed({ run: { dagId: "myXdag", runId: "r_" } })).toEqual(["wild"]);
    expect(await listed({ sourceHash: sha256("other") })).toEqual(["eternal"]);
    expect(await listed({ key: records.old.key })).toEqual(["old"]);
    expect(await listed({ keyPrefix: records.wild.key.slice(0, 12) })).toEqual(["wild"]);
    expect(await listed({ keyPrefix: "%" })).toEqual([]);
    expect(await listed({ keyPrefix: "_" })).toEqual([]);
    expect(await listed({ keyPrefix: "" })).toHaveLength(4);
    expect(await listed({ expired: true })).toEqual(["old"]);
    expect(await listed({ expired: false })).toEqual(["eternal", "plain", "wild"]);
    expect(await listed({ olderThanMs: 3_600_000 })).toEqual([]);
    expect(await listed({ olderThanMs: -60_000 })).toHaveLength(4);
    expect(await listed({ dagId: "my_dag", expired: true })).toEqual(["old"]);
  });

  test("lists newest first, in pages, and sums by task", async () => {
    const team = newTeam();
    for (const [text, taskId] of [
      ["p1", "a"],
      ["p2", "a"],
      ["p3", "b"],
    ] as const) {
      await metastore.records.put(cacheRecord(text, { team, taskId }), "keep-live");
    }
    const all = await metastore.records.list({ team }, { limit: 9, offset: 0 });
    expect(all.map((record) => record.createdAt)).toEqual(
      all.map((record) => record.createdAt).toSorted((a, b) => b - a),
    );
    const pages = await Promise.all(
      [0, 1, 2, 3].map((offset) => metastore.records.list({ team }, { limit: 1, offset })),
    );
    expect(pages.flat().map((record) => record.key)).toEqual(all.map((record) => record.key));
    expect(await metastore.records.stats({ team })).toEqual([
      { team, dagId: "dag", taskId: "a", entries: 2, sizeBytes: 30 },
      { team, dagId: "dag", taskId: "b", entries: 1, sizeBytes: 15 },
    ]);
  });

  test("purges what matches, in more than one batch, and nothing else", async () => {
    const team = newTeam();
    for (let index = 0; index < 1_100; index++) {
      await metastore.records.put(cacheRecord(`purge${index}`, { team, ttlMs: 0 }), "keep-live");
    }
    await metastore.records.put(cacheRecord("stays", { team }), "keep-live");
    expect(await metastore.records.purge({ team, expired: true })).toBe(1_100);
    expect(await metastore.records.purge({ team, expired: true })).toBe(0);
    expect(await metastore.records.count({ team })).toBe(1);
  });

  test("shows and gives one team nothing of another's", async () => {
    const [mine, theirs] = [newTeam(), newTeam()];
    const record = cacheRecord("secret", { team: theirs });
    await metastore.records.put(record, "keep-live");
    const { key } = record;
    expect(await metastore.records.find(mine, [key])).toEqual(new Map());
    expect(await metastore.records.list({ team: mine, key }, { limit: 9, offset: 0 })).toEqual([]);
    expect(await metastore.records.list({ team: mine, keyPrefix: key }, { limit: 9, offset: 0 })).toEqual([]);
    expect(await metastore.records.stats({ team: mine })).toEqual([]);
    expect(await metastore.records.count({ team: mine, key })).toBe(0);
    expect(await metastore.records.purge({ team: mine, key })).toBe(0);
    await metastore.records.touch(mine, [{ key, count: 7 }]);
    // The same key in both teams makes two rows, and neither is in the way of the other.
    expect(await metastore.records.put(cacheRecord("secret", { team: mine }), "keep-live")).toEqual({
      kind: "stored",
    });
    await metastore.records.purge({ team: mine });
    expect(await find(theirs, key)).toMatchObject({ hitCount: 0, producer: record.producer });
  });

  test("asks nothing once the caller has given up", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(metastore.records.find("red", [sha256("x")], { signal })).rejects.toThrow("too late");
    await expect(metastore.results.read("red", [sha256("x")], { signal })).rejects.toThrow("too late");
    const late = new AbortController();
    const keys = Array.from({ length: 200_000 }, (_, index) => `${index}`);
    const found = metastore.records.find("red", keys, { signal: late.signal });
    late.abort(new Error("changed my mind"));
    await expect(found).rejects.toThrow("changed my mind");
  });
});

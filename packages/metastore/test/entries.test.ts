import { sha256, type EntryPlace, type NewEntry, type PassWrite, type SavingAttempt } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { createRun, instance, newRun } from "./dags-and-runs.ts";

const HOUR = 3_600_000;

describe.each(TEST_DIALECTS)("entries on %s", (dialect) => {
  let metastore: TestMetastore;
  let count = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  /** A run with one queued instance, and what its attempt needs to save. */
  async function attempt() {
    count += 1;
    const run = await createRun(metastore, `dag${count}`);
    await metastore.runs.claimRuns({ owner: "me", leaseMs: HOUR, limit: 1, deadOwners: [], dag: run });
    const { team } = run;
    const place: EntryPlace = { team, cache: "", scopeId: String(run.id) };
    const by: SavingAttempt = { runId: run.id, taskId: "a", mapIndex: -1, attemptId: `attempt${count}` };
    const queued = instance("a", { state: "queued", tryNumber: 1, attemptId: by.attemptId });
    const pass = (changes: Partial<PassWrite>): PassWrite => ({
      runId: run.id,
      owner: "me",
      run: {
        leaves: "running",
        state: "running",
        startedAt: 1,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [],
      removed: [],
      xcoms: [],
      ...changes,
    });
    const first = pass({ instances: [{ instance: queued, leaves: null }] });
    await metastore.runs.writePass({ ...first, run: { ...first.run, leaves: "queued" } });
    return { run, place, by, pass, team };
  }

  /** The attempt fails, which publishes nothing. */
  async function end({ pass }: Pick<Awaited<ReturnType<typeof attempt>>, "pass">) {
    const failed = instance("a", { state: "failed", tryNumber: 1 });
    const leaves = { state: "queued", tryNumber: 1 } as const;
    const written = await metastore.runs.writePass(pass({ instances: [{ instance: failed, leaves }] }));
    expect(written.kind).toBe("written");
  }

  async function blobOf(team: string, text: string, store = "bucket") {
    const upload = { team, store, name: sha256(`${text} ${(count += 1)}`) };
    await metastore.entries.beginUpload(upload);
    return await metastore.entries.endUpload(upload, { digest: sha256(text), sizeBytes: text.length });
  }

  const entry = (place: EntryPlace, by: SavingAttempt, key: string, blobId: number | null): NewEntry => ({
    place,
    by,
    key,
    blobId,
    isNow: false,
    ifAbsent: false,
    ttlMs: null,
  });

  test("are seen by their attempt alone until it has succeeded, and by all afterwards", async () => {
    const { place, by, pass, team } = await attempt();
    const { entries } = metastore;
    const blob = await blobOf(team, "one");
    expect(await entries.save(entry(place, by, "tiles/1", blob.id))).toBe("saved");
    expect(await entries.find(place, "tiles/1")).toBeUndefined();
    expect(await entries.find(place, "tiles/1", by.attemptId)).toMatchObject({ digest: blob.digest });
    const publish = [{ taskId: "a", mapIndex: -1, attemptId: by.attemptId }];
    const wanted = [{ cache: "", pattern: "tiles/*", place }];
    expect(await entries.findForKeys(wanted, { publish: [], restore: [] }, by.runId)).toEqual([[]]);
    const early = await entries.findForKeys(wanted, { publish, restore: [] }, by.runId);
    const written = await metastore.runs.writePass(pass({ entries: { publish, restore: [] } }));
    expect(written).toMatchObject({ kind: "written", saved: [{ key: "tiles/1", blob: { id: blob.id } }] });
    expect(await entries.find(place, "tiles/1")).toMatchObject({ digest: blob.digest });
    expect(await entries.findForKeys(wanted, { publish: [], restore: [] }, by.runId)).toEqual(early);
  });

  test("of a run that has ended are copied for a run of one task below, and those of shared caches are not", async () => {
    const { run, place, by, pass, team } = await attempt();
    const { entries } = metastore;
    const blob = await blobOf(team, "grid");
    const shared = { team, cache: "aux", scopeId: run.dagId };
    await entries.save(entry(place, by, "grid", blob.id));
    await entries.save(entry(shared, by, "dem", blob.id));
    const publish = [{ taskId: "a", mapIndex: -1, attemptId: by.attemptId }];
    const succeeded = instance("a", { state: "success", tryNumber: 1 });
    const ended = pass({
      entries: { publish, restore: [] },
      instances: [{ instance: succeeded, leaves: { state: "queued", tryNumber: 1 } }],
    });
    await metastore.runs.writePass({ ...ended, run: { ...ended.run, state: "success", endedAt: 2 } });
    const { dagId, dagVersionId } = run;
    const alone = newRun(dagId, dagVersionId, { team, runId: "alone", selection: { only: "b" } });
    const receives = { required: [], upstream: ["a"] };
    const made = await metastore.runs.createRun({ ...alone, receives });
    expect(made.selection).toEqual({ only: "b", inputsFrom: run.runId });
    const copied = { ...place, scopeId: String(made.id) };
    const listing = { prefix: "", isDeep: true, limit: 9 };
    expect(await entries.list(copied, listing)).toMatchObject([{ key: "grid", digest: blob.digest }]);
    expect(await entries.list(place, listing)).toHaveLength(1);
    expect(await entries.list(shared, listing)).toMatchObject([{ producer: { runId: run.id } }]);
    await expect(
      metastore.runs.createRun({
        ...alone,
        runId: "other",
        receives: { ...receives, required: [{ taskId: "a", isMapped: false, isList: false }] },
      }),
    ).rejects.toMatchObject({ code: "xcom_not_found" });
  });

  test("of a later try take the place of those of an earlier one; what it did not save is gone", async () => {
    const { place, by, pass, team } = await attempt();
    const { entries } = metastore;
    const blob = await blobOf(team, "first");
    for (const key of ["kept", "gone"])
      await entries.save({ ...entry(place, by, key, blob.id), isNow: true });
    const second = { ...by, attemptId: `${by.attemptId} again` };
    await entries.save(entry(place, second, "kept", (await blobOf(team, "second")).id));
    const publish = [{ taskId: "a", mapIndex: -1, attemptId: second.attemptId }];
    await metastore.runs.writePass(pass({ entries: { publish, restore: [] } }));
    const keys = (await entries.list(place, { prefix: "", isDeep: true, limit: 10 })).map(({ key }) => key);
    expect(keys).toEqual(["kept"]);
    expect(await entries.find(place, "kept")).toMatchObject({ digest: sha256("second") });
  });

  test("that one attempt saves at once and again are recorded once, as it leaves them", async () => {
    const { place, by, pass, team } = await attempt();
    const { entries } = metastore;
    const [early, late] = [await blobOf(team, "checkpoint"), await blobOf(team, "final")];
    await entries.save({ ...entry(place, by, "k", early.id), isNow: true });
    await entries.save(entry(place, by, "k", late.id));
    const publish = [{ taskId: "a", mapIndex: -1, attemptId: by.attemptId }];
    const written = await metastore.runs.writePass(pass({ entries: { publish, restore: [] } }));
    expect(written).toMatchObject({ saved: [{ key: "k", blob: { digest: late.digest } }] });
    expect(await entries.find(place, "k")).toMatchObject({ digest: late.digest });
  });

  test("saved at once are refused to an attempt that is not the instance's own any more", async () => {
    const { place, by, team } = await attempt();
    const blob = await blobOf(team, "late");
    const late = { ...entry(place, { ...by, attemptId: "another" }, "x", blob.id), isNow: true };
    expect(await metastore.entries.save(late)).toBe("not_live");
    expect(await metastore.entries.find(place, "x")).toBeUndefined();
  });

  test("with ifAbsent are saved by one of several that try at once", async () => {
    const { place, by, team } = await attempt();
    const blob = await blobOf(team, "once");
    const tries = Array.from({ length: 8 }, () =>
      metastore.entries.save({ ...entry(place, by, "lock", blob.id), ifAbsent: true }),
    );
    expect((await Promise.all(tries)).sort()).toEqual([...Array<string>(7).fill("present"), "saved"]);
  });

  test("are listed in the order of their bytes, a group's own or all below it, page by page", async () => {
    const { place, by, team } = await attempt();
    const { entries } = metastore;
    const blob = await blobOf(team, "listed");
    const keys = ["dir", "dir/a", "dir/b/c", "dir/é", "dir/\u{1F600}", "dir2/a", "dir/%_", "Z"];
    for (const key of keys) await entries.save({ ...entry(place, by, key, blob.id), isNow: true });
    const list = async (prefix: string, isDeep: boolean) =>
      (await entries.list(place, { prefix, isDeep, limit: 100 })).map(({ key }) => key);
    expect(await list("dir/", false)).toEqual(["dir/%_", "dir/a", "dir/é", "dir/\u{1F600}"]);
    expect(await list("dir/", true)).toEqual(["dir/%_", "dir/a", "dir/b/c", "dir/é", "dir/\u{1F600}"]);
    expect(await list("", false)).toEqual(["Z", "dir"]);
    expect(await entries.listGroups(place, "")).toEqual(["dir", "dir2"]);
    expect(await entries.listGroups(place, "dir/")).toEqual(["b"]);
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await entries.list(place, { prefix: "", isDeep: true, limit: 3, ...(after && { after }) });
      for (const { key } of page) paged.push(key);
      if (page.length < 3) break;
      after = page.at(-1)?.key;
    }
    expect(paged).toEqual(["Z", "dir", "dir/%_", "dir/a", "dir/b/c", "dir/é", "dir/\u{1F600}", "dir2/a"]);
  });

  test("name bytes that were gone from their store and are saved again", async () => {
    const { place, by, team } = await attempt();
    const { entries } = metastore;
    const lost = await blobOf(team, "lost and saved again");
    await entries.save({ ...entry(place, by, "k", lost.id), isNow: true });
    const upload = { team, store: "bucket", name: sha256("put back") };
    await entries.beginUpload(upload);
    const { digest, sizeBytes } = lost;
    expect(await entries.endUpload(upload, { digest, sizeBytes }, lost.name)).toEqual({
      ...lost,
      name: upload.name,
    });
    expect((await entries.find(place, "k"))?.blob.name).toBe(upload.name);
    const { loose } = await entries.collect({ keepMs: null, graceMs: HOUR, limit: 1_000 });
    expect(loose).not.toContainEqual(upload);
  });

  test("of other teams, runs and caches are out of reach", async () => {
    const one = await attempt();
    const blob = await blobOf(one.team, "mine");
    await metastore.entries.save({ ...entry(one.place, one.by, "k", blob.id), isNow: true });
    const others = [
      { ...one.place, team: "blue" },
      { ...one.place, cache: "aux" },
      { ...one.place, scopeId: "0" },
    ];
    for (const place of others) {
      expect(await metastore.entries.find(place, "k")).toBeUndefined();
      expect(await metastore.entries.list(place, { prefix: "", isDeep: true, limit: 10 })).toEqual([]);
    }
    expect(await metastore.entries.findBlobs("blue", [blob.digest])).toEqual(new Map());
  });

  test("are restored by a pass; one whose bytes were collected writes nothing", async () => {
    const { place, by, pass, team } = await attempt();
    const blob = await blobOf(team, "restored");
    const restored = { place, key: "out", blob, ttlMs: null };
    const restore = (one: typeof restored) => [{ taskId: "a", mapIndex: -1, entries: [one] }];
    const gone = { ...blob, id: blob.id + 1_000_000 };
    expect(
      await metastore.runs.writePass(
        pass({ entries: { publish: [], restore: restore({ ...restored, blob: gone }) } }),
      ),
    ).toEqual({ kind: "blobs_missing", ids: [gone.id] });
    expect(await metastore.entries.find(place, "out")).toBeUndefined();
    await metastore.runs.writePass(pass({ entries: { publish: [], restore: restore(restored) } }));
    expect(await metastore.entries.find(place, "out")).toMatchObject({
      digest: blob.digest,
      producer: { runId: by.runId, taskId: "a" },
    });
  });

  test("are collected when they have expired or their attempt was lost, and then their bytes", async () => {
    const { place, by, team } = await attempt();
    const { entries } = metastore;
    const [kept, expired, lost] = [
      await blobOf(team, "kept"),
      await blobOf(team, "old"),
      await blobOf(team, "lost"),
    ];
    const ended = await attempt();
    await entries.save({ ...entry(place, by, "kept", kept.id), isNow: true });
    await entries.save({ ...entry(ended.place, ended.by, "expired", expired.id), isNow: true, ttlMs: 0 });
    await end(ended);
    await entries.save(entry(place, { ...by, attemptId: "lost attempt" }, "lost", lost.id));
    await entries.save(entry(place, by, "pending", kept.id));
    const loose = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const collected = await entries.collect({ keepMs: null, graceMs: 0, limit: 1_000 });
      for (const { name } of collected.loose) loose.add(name);
      await entries.forgetLoose(collected.loose);
    }
    expect(loose.has(expired.name)).toBe(true);
    expect(loose.has(lost.name)).toBe(true);
    expect(loose.has(kept.name)).toBe(false);
    expect(await entries.find(place, "kept")).toBeDefined();
    expect(await entries.find(place, "pending", by.attemptId)).toBeDefined();
    const known = await entries.findBlobs(team, [kept.digest, expired.digest, lost.digest]);
    expect([...known.keys()]).toEqual([kept.digest]);
  });

  describe("in a cache that runs share", () => {
    const shared = (team: string, scopeId = ""): EntryPlace => ({ team, cache: `shared${count}`, scopeId });
    const published = ({ by }: { by: SavingAttempt }) => [
      { taskId: "a", mapIndex: -1, attemptId: by.attemptId },
    ];
    const ofPass = (publish: ReturnType<typeof published>) => ({ entries: { publish, restore: [] } });

    test("are those of the run that was written last, all of them or none, whoever else writes", async () => {
      const { entries, runs } = metastore;
      const savers = [];
      for (let index = 0; index < 4; index += 1) savers.push(await attempt());
      const place = shared(savers[0]?.team ?? "");
      const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
      for (const [index, { by, team }] of savers.entries()) {
        const blob = await blobOf(team, `of run ${index} in ${place.cache}`);
        // In two orders, in which two transactions would wait for each other.
        for (const key of index % 2 === 0 ? keys : keys.toReversed())
          await entries.save(entry(place, by, key, blob.id));
      }
      const written = await Promise.all(
        savers.map(async (saver) => await runs.writePass(saver.pass(ofPass(published(saver))))),
      );
      expect(written.map(({ kind }) => kind)).toEqual(savers.map(() => "written"));
      const found = await entries.list(place, { prefix: "", isDeep: true, limit: 100 });
      expect(found.map(({ key }) => key).sort()).toEqual(keys.toSorted());
      expect(new Set(found.map(({ producer }) => producer.runId)).size).toBe(1);
    });

    test("are saved at once by all of several that try", async () => {
      const savers = await Promise.all(Array.from({ length: 4 }, attempt));
      const place = shared(savers[0]?.team ?? "");
      const blob = await blobOf(place.team, `at once in ${place.cache}`);
      const outcomes = await Promise.all(
        savers.map(
          async ({ by }) => await metastore.entries.save({ ...entry(place, by, "k", blob.id), isNow: true }),
        ),
      );
      expect(outcomes).toEqual(savers.map(() => "saved"));
      expect(await metastore.entries.list(place, { prefix: "", isDeep: true, limit: 10 })).toHaveLength(1);
    });

    test("keep their bytes for a run that may refer to them, until it has ended", async () => {
      const [one, two] = [await attempt(), await attempt()];
      const { entries, runs } = metastore;
      const place = shared(one.team);
      const [first, second] = [await blobOf(one.team, "first bytes"), await blobOf(one.team, "second bytes")];
      const gone = async () => {
        const loose: string[] = [];
        for (let round = 0; round < 3; round += 1) {
          const collected = await entries.collect({ keepMs: null, graceMs: 0, limit: 1_000 });
          loose.push(...collected.loose.map(({ name }) => name));
          await entries.forgetLoose(collected.loose);
        }
        return loose;
      };
      await entries.save(entry(place, one.by, "k", first.id));
      await runs.writePass(one.pass(ofPass(published(one))));
      await entries.save(entry(place, two.by, "k", second.id));
      await runs.writePass(two.pass(ofPass(published(two))));
      expect(await entries.find(place, "k")).toMatchObject({ digest: second.digest });
      expect(await entries.find(place, "k", one.by.attemptId)).toMatchObject({ digest: second.digest });
      expect(await gone()).not.toContain(first.name);
      const ended = one.pass({});
      await runs.writePass({ ...ended, run: { ...ended.run, state: "success", endedAt: 2 } });
      expect(await gone()).toContain(first.name);
      expect(await entries.find(place, "k")).toMatchObject({ digest: second.digest });
    });

    test("stay when the task that saved them is cleared, or runs again and saves others", async () => {
      const { run, by, pass, team } = await attempt();
      const { entries, runs } = metastore;
      const place = shared(team, `dag:${run.dagId}`);
      const blob = await blobOf(team, "shared and kept");
      for (const key of ["kept", "again"]) await entries.save(entry(place, by, key, blob.id));
      await entries.save({ ...entry(place, by, "checkpoint", blob.id), isNow: true });
      await runs.writePass(pass(ofPass(published({ by }))));
      const cleared = { taskId: "a", retries: 0, refreshReason: null };
      await runs.clearTasks(team, run.id, [cleared]);
      const keys = async () =>
        (await entries.list(place, { prefix: "", isDeep: true, limit: 10 })).map(({ key }) => key);
      expect(await keys()).toEqual(["again", "checkpoint", "kept"]);
      const next = { ...by, attemptId: `${by.attemptId} again` };
      await entries.save(entry(place, next, "again", (await blobOf(team, "another")).id));
      await entries.save(entry(place, next, "checkpoint", null));
      await runs.claimRuns({ owner: "me", leaseMs: HOUR, limit: 1, deadOwners: [], dag: run });
      const again = pass(ofPass(published({ by: next })));
      expect(await runs.writePass({ ...again, run: { ...again.run, leaves: "queued" } })).toMatchObject({
        kind: "written",
      });
      expect(await keys()).toEqual(["again", "kept"]);
      expect(await entries.find(place, "again")).toMatchObject({ digest: sha256("another") });
    });

    test("of a hit take the place of newer ones, as if its task had run", async () => {
      const [one, two] = [await attempt(), await attempt()];
      const { entries, runs } = metastore;
      const place = shared(one.team);
      const [older, newer] = [await blobOf(one.team, "older"), await blobOf(one.team, "newer")];
      await entries.save({ ...entry(place, one.by, "k", newer.id), isNow: true });
      await entries.save({ ...entry(place, one.by, "removed", newer.id), isNow: true });
      const restored = [
        { place, key: "k", blob: older, ttlMs: HOUR },
        { place, key: "removed", blob: null, ttlMs: null },
      ];
      const restore = [{ taskId: "a", mapIndex: -1, entries: restored }];
      await runs.writePass(two.pass({ entries: { publish: [], restore } }));
      const found = await entries.find(place, "k");
      expect(found).toMatchObject({ digest: older.digest, producer: { runId: two.run.id } });
      expect((found?.expiresAt ?? 0) - (found?.savedAt ?? 0)).toBe(HOUR);
      expect(await entries.find(place, "removed")).toBeUndefined();
    });
  });

  describe("in a cache with a size limit", () => {
    /** An entry of 10 bytes that a run saved which has ended, unless it is said to be in progress. */
    async function saved(cache: string, key: string, isInProgress = false) {
      const { by, pass, team, run } = await attempt();
      const place = { team, cache, scopeId: `dag:${run.dagId}` };
      const blob = await blobOf(team, `${cache} ${key}`.padEnd(10).slice(-10));
      await metastore.entries.save({ ...entry(place, by, key, blob.id), isNow: true });
      const ended = pass({});
      if (!isInProgress)
        await metastore.runs.writePass({ ...ended, run: { ...ended.run, state: "success", endedAt: 2 } });
      return { place, key };
    }
    const isThere = async (entries: readonly { place: EntryPlace; key: string }[]) =>
      await Promise.all(
        entries.map(async ({ place, key }) => (await metastore.entries.find(place, key)) !== undefined),
      );

    test("leave in the order in which they were last read, but for those of runs in progress", async () => {
      const cache = `limited${(count += 1)}`;
      const kept = await saved(cache, "in progress", true);
      const all = [];
      for (const key of ["a", "b", "c", "d"]) all.push(await saved(cache, key));
      const other = await saved(`${cache}-other`, "a");
      await metastore.execute(
        `update cache_entry set saved_at = saved_at - 1000000 where cache = '${cache}'`,
      );
      // Each has a time of its own.
      for (const index of [1, 2, 3])
        await metastore.execute(
          `update cache_entry set saved_at = saved_at + ${index} where cache = '${cache}' and key = '${all[index]?.key ?? ""}'`,
        );
      for (const read of [all[0], all[2]])
        if (read) await metastore.entries.touch(read.place, { kind: "key", key: read.key });
      const limit = { cache, team: null, otherTeams: [], maxBytes: 30 };
      expect(await metastore.entries.excess(limit)).toEqual({ entries: 2, sizeBytes: 20 });
      expect(await metastore.entries.evict(limit, 1)).toEqual({ entries: 1, sizeBytes: 10 });
      expect(await isThere(all)).toEqual([true, false, true, true]);
      expect(await metastore.entries.evict(limit, 10)).toEqual({ entries: 1, sizeBytes: 10 });
      expect(await isThere(all)).toEqual([true, false, true, false]);
      expect(await metastore.entries.evict(limit, 10)).toEqual({ entries: 0, sizeBytes: 0 });
      expect(await metastore.entries.evict({ ...limit, maxBytes: 0 }, 10)).toMatchObject({ entries: 2 });
      expect(await isThere([...all, kept, other])).toEqual([false, false, false, false, true, true]);
    });

    test("make room for none that have expired, and are not there to be read", async () => {
      const cache = `limited${(count += 1)}`;
      const [live, expired] = [await saved(cache, "live"), await saved(cache, "expired")];
      await metastore.execute(
        `update cache_entry set expires_at = 1, used_at = saved_at + 1 where cache = '${cache}' and key = '${expired.key}'`,
      );
      const limit = { cache, team: null, otherTeams: [], maxBytes: 10 };
      expect(await metastore.entries.excess(limit)).toEqual({ entries: 0, sizeBytes: 0 });
      expect(await metastore.entries.evict(limit, 10)).toEqual({ entries: 0, sizeBytes: 0 });
      expect(await isThere([live])).toEqual([true]);
    });

    test("are those of the teams that the limit is for", async () => {
      const cache = `limited${(count += 1)}`;
      const { place } = await saved(cache, "a");
      const limit = { cache, team: null, otherTeams: [], maxBytes: 0 };
      const elsewhere = [
        { ...limit, team: "others" },
        { ...limit, otherTeams: ["others", place.team] },
        { ...limit, cache: "another" },
        { ...limit, maxBytes: 10 },
      ];
      for (const one of elsewhere)
        expect(await metastore.entries.evict(one, 10)).toMatchObject({ entries: 0 });
      expect(await metastore.entries.evict({ ...limit, team: place.team }, 10)).toMatchObject({ entries: 1 });
    });
  });

  test("are forgotten with the cached results that restore them where their bytes are bad", async () => {
    const { place, by, team, pass } = await attempt();
    const { entries } = metastore;
    const [bad, good] = [await blobOf(team, "bad bytes"), await blobOf(team, "good bytes")];
    for (const [key, { id }] of [
      ["a", bad],
      ["b", good],
      ["c", bad],
    ] as const)
      await entries.save({ ...entry(place, by, key, id), isNow: true });
    const key = sha256(`record ${(count += 1)}`);
    await metastore.execute(
      `insert into cache_record (team, key, dag_id, task_id, source_hash, components, xcoms, result_digest, size_bytes,
         producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at)
       values ('${team}', '${key}', 'd', 't', 's', '{}', '[]', '', 0, 'r', -1, 1, 0, 1)`,
    );
    await metastore.execute(
      `insert into cache_record_blob (team, key, blob_id) values ('${team}', '${key}', ${bad.id})`,
    );
    const listed = (await entries.listBlobs(bad.id - 1, 2)).map(({ id, team: of }) => [id, of]);
    expect(listed).toEqual([
      [bad.id, team],
      [good.id, team],
    ]);
    const names = { entries: [{ cache: "", key: "a" }], records: 1 };
    expect(await entries.findBlobNames({ ...bad, team }, 1)).toEqual(names);
    expect(await entries.forgetBlob({ ...bad, team, name: sha256("put back") }, true)).toBe(false);
    expect(await entries.find(place, "a")).toBeDefined();
    await end({ pass });
    expect(await entries.forgetBlob({ ...bad, team }, true)).toBe(true);
    const left = await entries.list(place, { prefix: "", isDeep: true, limit: 9 });
    expect(left.map((one) => one.key)).toEqual(["b"]);
    expect(await metastore.records.list({ key }, { limit: 1, offset: 0 })).toEqual([]);
    const { loose } = await entries.collect({ keepMs: null, graceMs: HOUR, limit: 1_000 });
    expect(loose.map(({ name }) => name)).toContain(bad.name);
  });

  test("with the same bytes in two stores keep both for a cached result", async () => {
    const { team } = await attempt();
    const { entries, records } = metastore;
    const [one, two] = [await blobOf(team, "twice", "one"), await blobOf(team, "twice", "two")];
    const recorded = [one, two].map(({ store, digest, sizeBytes }) => ({
      cache: store,
      scope: "team" as const,
      key: "k",
      digest,
      sizeBytes,
      store,
      ttlMs: null,
    }));
    await records.put(cacheRecord(`record ${(count += 1)}`, { team, entries: recorded }), "keep-live");
    for (const blob of [one, two])
      expect(await entries.findBlobNames({ ...blob, team }, 1)).toEqual({ entries: [], records: 1 });
  });

  test("of an attempt in progress are in its record, whatever becomes of their keys and bytes", async () => {
    const { place: ofRun, by, pass, team } = await attempt();
    const other = await attempt();
    const { entries } = metastore;
    const place = { team, cache: `shared${count}`, scopeId: "" };
    const blob = await blobOf(team, "in the record");
    const isNow = true;
    await entries.save(entry(place, by, "bad", blob.id));
    await entries.save({ ...entry(place, by, "expired", blob.id), isNow, ttlMs: 0 });
    await entries.save({ ...entry(place, by, "expired and taken", blob.id), isNow, ttlMs: 0 });
    await entries.save({ ...entry(ofRun, by, "removed", blob.id), isNow });
    const taken = (await blobOf(team, "of another")).id;
    await entries.save({ ...entry(place, other.by, "expired and taken", taken), ifAbsent: true });
    await entries.collect({ keepMs: null, graceMs: 0, limit: 1_000 });
    expect(await entries.remove(ofRun, { key: "removed" })).toBe(1);
    expect(await entries.forgetBlob({ ...blob, team }, true)).toBe(false);
    const publish = [{ taskId: "a", mapIndex: -1, attemptId: by.attemptId }];
    const written = await metastore.runs.writePass(pass({ entries: { publish, restore: [] } }));
    const saved = written.kind === "written" ? (written.saved ?? []) : [];
    expect(saved.map(({ key }) => key)).toEqual(["bad", "expired", "expired and taken", "removed"]);
  });

  test("of a result whose transaction has not ended stay for its record, which can then be stored", async () => {
    const { run, place: ofRun, by, pass, team } = await attempt();
    const { entries, runs, records } = metastore;
    const cache = `shared${count}`;
    const place = { team, cache, scopeId: "" };
    const save = async (to: EntryPlace, key: string, ttlMs: number | null = null) =>
      await entries.save({
        ...entry(to, by, key, (await blobOf(team, `${key} of ${cache}`)).id),
        isNow: true,
        ttlMs,
      });
    await save(ofRun, "of the run");
    await save(place, "evicted");
    await save(place, "expired", 0);
    await save(place, "removed");
    const staged = { taskId: "a", mapIndex: -1, transactionId: "load", place: 0, body: null };
    const last = pass({
      instances: [
        {
          instance: instance("a", { state: "success", tryNumber: 1 }),
          leaves: { state: "queued", tryNumber: 1 },
        },
      ],
      entries: { publish: [{ taskId: "a", mapIndex: -1, attemptId: by.attemptId }], restore: [] },
      transactions: { states: [], staged: [staged], unstaged: [] },
    });
    await runs.writePass({ ...last, run: { ...last.run, state: "success", endedAt: 2 } });
    expect(await entries.remove(place, { key: "removed" })).toBe(1);
    const collectAll = async () => {
      const evicted = await entries.evict({ cache, team, otherTeams: [], maxBytes: 0 }, 10);
      for (let round = 0; round < 3; round += 1)
        await entries.collect({ keepMs: 0, graceMs: 0, limit: 1_000 });
      return evicted.entries;
    };
    expect(await collectAll()).toBe(0);
    const saved = (await runs.findTransactions(run.id)).staged[0]?.saved ?? [];
    expect(saved.map(({ key }) => key).toSorted()).toEqual(["evicted", "expired", "of the run", "removed"]);
    const recorded = saved.flatMap(({ key, blob, ttlMs }) =>
      blob
        ? [
            {
              cache,
              scope: "team" as const,
              key,
              digest: blob.digest,
              sizeBytes: 1,
              store: blob.store,
              ttlMs,
            },
          ]
        : [],
    );
    const record = cacheRecord(`record ${count}`, { team, entries: recorded });
    expect(await records.put(record, "keep-live")).toEqual({ kind: "stored" });
    await metastore.execute(`delete from staged_member where dag_run_id = ${run.id}`);
    expect(await collectAll()).toBe(1);
    expect(await entries.list(ofRun, { prefix: "", isDeep: true, limit: 9 })).toEqual([]);
  });

  test("that an attempt has removed are in none of its groups", async () => {
    const { place, by, team } = await attempt();
    const { entries } = metastore;
    const blob = await blobOf(team, "grouped");
    for (const key of ["a/1", "b/1", "c"])
      await entries.save({ ...entry(place, by, key, blob.id), isNow: true });
    await entries.save(entry(place, by, "a/1", null));
    expect(await entries.listGroups(place, "", by.attemptId)).toEqual(["b"]);
    expect(await entries.listGroups(place, "")).toEqual(["a", "b"]);
  });

  test("share the bytes of one upload; a second upload of the same bytes is deleted", async () => {
    const { team } = await attempt();
    const first = await blobOf(team, "twice");
    const upload = { team, store: "bucket", name: sha256("second object") };
    await metastore.entries.beginUpload(upload);
    const again = await metastore.entries.endUpload(upload, {
      digest: first.digest,
      sizeBytes: first.sizeBytes,
    });
    expect(again).toEqual(first);
    const { loose } = await metastore.entries.collect({ keepMs: null, graceMs: HOUR, limit: 1_000 });
    expect(loose).toContainEqual(upload);
    const names = await metastore.entries.findNames(team, [first.name, upload.name, sha256("other")]);
    expect(names).toEqual(new Set([first.name, upload.name]));
  });
});

// What a scheduler answers to running tasks about entries, with a real database and a byte store that can be made to
// fail, hang and lose bytes.

import { createHash } from "node:crypto";
import {
  MemodagError,
  sha256,
  silentLogger,
  systemClock,
  type Attempt,
  type ByteStore,
  type DagRun,
  type NewEntry,
  type RecordedEntry,
  type SaveRequest,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { MemoryByteStore } from "@memodag/result-cache";
import { entryPlace, RunEntries, type FindEntryCache } from "@memodag/scheduler";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const BYTES = new TextEncoder().encode("bytes of an entry");

function runOfTeam(id: number): DagRun {
  return {
    id,
    team: `team${id}`,
    dagId: "dag",
    runId: "run",
    runType: "manual",
    dagVersionId: 1,
    logicalDate: null,
    dataIntervalStart: null,
    dataIntervalEnd: null,
    conf: {},
    params: {},
    cacheMode: "use",
    state: "running",
    createdAt: 1_000,
    startedAt: 2_000,
    endedAt: null,
    processesSpawned: 0,
    lookups: 0,
    bytesMoved: 0,
    revision: 0,
    sums: null,
  };
}

describe.each(TEST_DIALECTS)("requests about entries on %s", (dialect) => {
  let metastore: TestMetastore;
  let run: DagRun;
  let bytes: MemoryByteStore;
  let store: ByteStore;
  let entries: RunEntries;
  let count = 0;
  const limits = { store: "bucket", defaultTtlMs: null, maxEntryBytes: 1_000, isLimited: false };
  const caches = new Map<string, ReturnType<FindEntryCache>>([
    ["", { name: "", scope: "run", ...limits }],
    ["ofRun", { name: "ofRun", scope: "run", ...limits }],
    ["ofDag", { name: "ofDag", scope: "dag", ...limits }],
    ["ofTeam", { name: "ofTeam", scope: "team", ...limits, maxEntryBytes: 4, defaultTtlMs: 1_000 }],
    ["limited", { name: "limited", scope: "team", ...limits, isLimited: true }],
    ["values", "values"],
  ]);
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());
  beforeEach(async () => {
    // A team of its own: bytes are shared within one.
    run = runOfTeam((count += 1));
    bytes = new MemoryByteStore();
    store = bytes;
    entries = new RunEntries(partsOfEntries());
  });

  const partsOfEntries = () => ({
    store: metastore.entries,
    findCache: ((_team, name) => caches.get(name)) satisfies FindEntryCache,
    openStore: async (name: string) => {
      if (name === "gone from the config") throw new MemodagError("config_invalid", name);
      return name === "away" ? faulty(() => Promise.reject(new Error("it is away"))) : store;
    },
    maxInlineBytes: () => 100,
    lookupTimeoutMs: () => 200,
    breaker: { breakerThreshold: 3, breakerRestMs: 60_000 },
    runs: { findRun: async () => run },
    clock: systemClock,
    log: silentLogger,
  });

  const attempt = (changes: Partial<Attempt> = {}): Attempt =>
    ({
      attemptId: "attempt",
      team: run.team,
      dagId: run.dagId,
      runId: run.runId,
      taskId: "a",
      mapIndex: -1,
      ...changes,
    }) as Attempt;

  const save = (key: string, content: Uint8Array = BYTES): SaveRequest => ({
    op: "save",
    cache: "",
    key,
    digest: sha256(content),
    md5: createHash("md5").update(content).digest("hex"),
    sizeBytes: content.length,
    isNow: false,
    ifAbsent: false,
  });

  /** An entry "one" of a cached result. */
  const recordedIn = (name: string): RecordedEntry => ({
    cache: "",
    scope: "run",
    key: "one",
    digest: sha256(BYTES),
    sizeBytes: BYTES.length,
    store: name,
    ttlMs: null,
  });

  const faulty = (call: () => Promise<never>): ByteStore =>
    // A store is awaited, and must not look like a promise.
    new Proxy(bytes, { get: (_target, name) => (name === "then" ? undefined : call) });

  const listed = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of bytes.list()) names.push(name);
    return names;
  };

  it("stores bytes once, whatever they are saved as, and gives them back", async () => {
    for (const key of ["one", "two"])
      expect((await entries.desk.answer(attempt(), save(key), BYTES)).reply).toEqual({ kind: "saved" });
    expect(await listed()).toHaveLength(1);
    const found = await entries.desk.answer(
      attempt(),
      { op: "find", cache: "", key: "two", wantsBytes: true },
      null,
    );
    expect(found.bytes).toEqual(BYTES);
  });

  it("puts bytes back that are gone from their store when they are saved again", async () => {
    await entries.desk.answer(attempt(), save("one"), BYTES);
    await bytes.delete(run.team, await listed());
    const load = { op: "find", cache: "", key: "one", wantsBytes: true } as const;
    expect((await entries.desk.answer(attempt(), load, null)).reply).toMatchObject({ kind: "lost" });
    await entries.desk.answer(attempt(), save("again"), BYTES);
    expect((await entries.desk.answer(attempt(), load, null)).bytes).toEqual(BYTES);
  });

  describe("about a named cache", () => {
    const [small, other] = [BYTES.slice(0, 4), BYTES.slice(4, 8)];
    const isSeen = async (cache: string, asker: Partial<DagRun> = {}) => {
      const { team, dagId, runId } = { ...run, ...asker };
      const { desk } = new RunEntries({
        ...partsOfEntries(),
        runs: { findRun: async () => ({ ...run, ...asker }) },
      });
      const wanted = { op: "find", cache, key: "k", wantsBytes: true } as const;
      const by = attempt({ team, dagId, runId, attemptId: "saver" });
      return (await desk.answer(by, wanted, null)).reply.kind;
    };

    it.each([
      ["ofRun", { id: 901, runId: "next" }, "absent"],
      ["ofDag", { id: 902, runId: "next" }, "entry"],
      ["ofDag", { id: 903, runId: "next", dagId: "other" }, "absent"],
      ["ofTeam", { id: 905, runId: "next", dagId: "other" }, "entry"],
      ["ofTeam", { team: "others" }, "absent"],
      ["ofDag", { team: "others" }, "absent"],
    ] as const)("%s gives a run with %j what another one saved: %s", async (cache, asker, expected) => {
      await entries.desk.answer(attempt({ attemptId: "saver" }), { ...save("k", small), cache }, small);
      expect(await isSeen(cache)).toBe("entry");
      expect(await isSeen(cache, asker)).toBe(expected);
      for (const elsewhere of ["", "ofRun", "ofDag", "ofTeam"].filter((name) => name !== cache))
        expect(await isSeen(elsewhere)).toBe("absent");
    });

    it("keeps a Dag whose id is a number apart from the run of that number", async () => {
      const named = { ...run, dagId: String(run.id) };
      const [ofDag, ofRun] = [{ name: "c", scope: "dag" } as const, { name: "c", scope: "run" } as const];
      expect(entryPlace(ofDag, named)).not.toEqual(entryPlace(ofRun, named));
    });

    it("holds entries to its own size and lifetime", async () => {
      await expect(
        entries.desk.answer(attempt(), { ...save("k"), cache: "ofTeam" }, BYTES),
      ).rejects.toMatchObject({
        code: "entry_too_large",
        message: expect.stringContaining('[[caches]] "ofTeam" max_entry_size of 4B'),
      });
      const ttls: (number | null)[] = [];
      const watched = new Proxy(metastore.entries, {
        get(target, name) {
          if (name === "save")
            return async (entry: NewEntry) => {
              ttls.push(entry.ttlMs);
              return await target.save(entry);
            };
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
      const { desk } = new RunEntries({ ...partsOfEntries(), store: watched });
      const to = { ...save("k", other), cache: "ofTeam" };
      await desk.answer(attempt(), to, other);
      await desk.answer(attempt(), { ...to, ttlMs: 5 }, other);
      await desk.answer(attempt(), { ...to, ttlMs: null }, other);
      expect(ttls).toEqual([1_000, 5, null]);
    });

    it("is refused one that the config does not have, or has as another kind", async () => {
      for (const op of ["find", "remove", "list", "groups", "save"] as const) {
        const ask = async (cache: string) => {
          const rest = { prefix: "", isDeep: false, after: null, wantsBytes: false };
          const request =
            op === "save" ? { ...save("k"), cache } : ({ op, cache, key: "k", ...rest } as const);
          return await entries.desk.answer(attempt(), request, BYTES);
        };
        await expect(ask("none")).rejects.toMatchObject({
          code: "cache_not_configured",
          message: expect.stringContaining('add [[caches]] with name = "none", kind = "entries"'),
        });
        await expect(ask("values")).rejects.toMatchObject({
          code: "cache_not_configured",
          message: expect.stringContaining('use getValueCache("values")'),
        });
      }
    });

    it("gives bytes by reference even if the cache is gone from the config", async () => {
      await entries.desk.answer(attempt(), save("k", small), small);
      const ref = { cache: "gone", key: "k", digest: sha256(small), sizeBytes: small.length };
      expect((await entries.desk.answer(attempt(), { op: "open", ref }, null)).bytes).toEqual(small);
    });

    it("keeps entries of a limited one that are read by key or reference for longer than others", async () => {
      const place = { team: run.team, cache: "limited", scopeId: "" };
      for (const [key, content] of [
        ["by key", small],
        ["by reference", other],
        ["unread", BYTES.slice(8, 12)],
      ] as const) {
        const by = { runId: run.id, taskId: "a", mapIndex: -1, attemptId: key };
        await entries.desk.answer(
          attempt({ attemptId: key }),
          { ...save(key, content), cache: "limited" },
          content,
        );
        const saved = await metastore.entries.find(place, key, key);
        if (!saved) throw new Error(key);
        await metastore.entries.restore(by, [{ place, key, blob: saved.blob, ttlMs: null }]);
      }
      await metastore.execute("update cache_entry set saved_at = saved_at - 1000000 where cache = 'limited'");
      const ref = { cache: "limited", key: "by reference", digest: sha256(other), sizeBytes: other.length };
      const find = { op: "find", cache: "limited", key: "by key", wantsBytes: false } as const;
      const touches: Promise<void>[] = [];
      const watched = new Proxy(metastore.entries, {
        get(target, name) {
          if (name !== "touch") return (Reflect.get(target, name) as () => unknown).bind(target);
          return async (...read: Parameters<typeof target.touch>) => {
            touches.push(target.touch(...read));
            await touches.at(-1);
          };
        },
      });
      const { desk } = new RunEntries({ ...partsOfEntries(), store: watched });
      await desk.answer(attempt(), { op: "open", ref }, null);
      await desk.answer(attempt(), find, null);
      // No task waits for them.
      await Promise.all(touches);
      const limit = { cache: "limited", team: run.team, otherTeams: [], maxBytes: 8 };
      await metastore.entries.evict(limit, 1);
      const left = await metastore.entries.list(place, { prefix: "", isDeep: true, limit: 9 });
      expect(left.map(({ key }) => key)).toEqual(["by key", "by reference"]);
    });

    it("restores what a record says into the cache's scope, or nothing if that has changed", async () => {
      await entries.desk.answer(attempt(), save("k", small), small);
      const recorded = (cache: string, scope: RecordedEntry["scope"]): RecordedEntry => ({
        cache,
        scope,
        key: "k",
        digest: sha256(small),
        sizeBytes: small.length,
        store: "bucket",
        ttlMs: 7,
      });
      const records = new Map([
        ["team", [recorded("ofTeam", "team")]],
        ["dag", [recorded("ofDag", "dag"), { ...recorded("ofDag", "dag"), key: "gone", digest: null }]],
        ["changed", [recorded("ofTeam", "team"), recorded("ofDag", "team")]],
        ["removed", [recorded("none", "team")]],
        ["other kind", [recorded("values", "team")]],
      ]);
      const found = await entries.findRestorable(run, records);
      const places = Array.from(found, ([key, restored]) => [
        key,
        "failed" in restored
          ? restored.failed
          : restored.map(({ place, key: name, ttlMs }) => [place, name, ttlMs]),
      ]);
      const { team, dagId } = run;
      const inTeam = { team, cache: "ofTeam", scopeId: "" };
      const inDag = { team, cache: "ofDag", scopeId: `dag:${dagId}` };
      const inRun = { team, cache: "ofRun", scopeId: String(run.id) };
      const ofDag = [inDag, "k", 7];
      expect(places).toEqual([
        ["team", [[inTeam, "k", 7]]],
        ["dag", [ofDag, [inDag, "gone", 7]]],
      ]);
      const saved = [inTeam, inDag, inRun].map((place) => ({
        attemptId: "",
        place,
        key: "k",
        blob: null,
        ttlMs: null,
      }));
      expect(entries.recorded(saved).map(({ cache, scope }) => [cache, scope])).toEqual([
        ["ofTeam", "team"],
        ["ofDag", "dag"],
        ["ofRun", "run"],
      ]);
    });
  });

  it("fails a task's call, and not its run, when a store fails", async () => {
    await entries.desk.answer(attempt(), save("one"), BYTES);
    store = faulty(() => Promise.reject(new Error("the bucket is away")));
    const fault = {
      code: "cache_store_failed",
      fault: "task",
      message: expect.stringContaining("the bucket is away"),
    };
    await expect(
      entries.desk.answer(attempt(), save("new", BYTES.slice(1)), BYTES.slice(1)),
    ).rejects.toMatchObject(fault);
    const load = { op: "find", cache: "", key: "one", wantsBytes: true } as const;
    await expect(entries.desk.answer(attempt(), load, null)).rejects.toMatchObject(fault);
  });

  it("refuses bytes that are not what the worker says, and entries that are too large", async () => {
    await expect(entries.desk.answer(attempt(), save("x"), BYTES.slice(1))).rejects.toMatchObject({
      code: "cache_store_failed",
    });
    const large = new Uint8Array(1_001);
    await expect(entries.desk.answer(attempt(), save("x", large), large)).rejects.toMatchObject({
      code: "entry_too_large",
    });
    expect(await listed()).toEqual([]);
  });

  it("ends an upload for the attempt that began it alone, and for none that has ended", async () => {
    store = new Proxy(bytes, {
      get: (target, name) => {
        if (name === "grant")
          return async () => ({ kind: "http", method: "PUT", url: "http://x", headers: {}, validForMs: 1 });
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const begin = async () => {
      const { reply } = await entries.desk.answer(attempt(), save("x"), null);
      if (reply.kind !== "upload") throw new Error(reply.kind);
      return reply.upload;
    };
    const other = attempt({ attemptId: "other" });
    await expect(
      entries.desk.answer(other, { op: "uploaded", upload: await begin() }, null),
    ).rejects.toMatchObject({ code: "cache_store_failed" });
    const upload = await begin();
    entries.desk.attemptEnded(attempt());
    await expect(entries.desk.answer(attempt(), { op: "uploaded", upload }, null)).rejects.toMatchObject({
      code: "cache_store_failed",
    });
    // Nothing was written by the grant.
    await expect(
      entries.desk.answer(attempt(), { op: "uploaded", upload: await begin() }, null),
    ).rejects.toMatchObject({ message: expect.stringContaining("not in the store") });
  });

  it("pays the deadline of a store that hangs once, and not for every pass", async () => {
    await entries.desk.answer(attempt(), save("one"), BYTES);
    store = faulty(() => new Promise(() => undefined));
    const check = async () =>
      (await entries.findRestorable(run, new Map([["key", [recordedIn("bucket")]]]))).get("key");
    const failed = { failed: expect.any(String) };
    expect(await check()).toEqual(failed);
    const startedAt = performance.now();
    for (let pass = 0; pass < 20; pass += 1) expect(await check()).toEqual(failed);
    expect(performance.now() - startedAt).toBeLessThan(400);
  });

  it("restores hits whatever becomes of the stores of others; one gone from the config has lost its bytes", async () => {
    await entries.desk.answer(attempt(), save("one"), BYTES);
    const records = new Map([
      ["here", [recordedIn("bucket")]],
      ["away", [recordedIn("bucket"), recordedIn("away")]],
      ["lost", [recordedIn("bucket"), recordedIn("gone from the config")]],
    ]);
    for (let pass = 0; pass < 5; pass += 1) {
      const found = await entries.findRestorable(run, records);
      expect(Object.fromEntries(found)).toEqual({
        here: [expect.objectContaining({ key: "one" })],
        away: { failed: expect.any(String) },
      });
    }
  });
});

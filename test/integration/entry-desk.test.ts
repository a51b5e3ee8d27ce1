// What a scheduler answers to running tasks about entries, with a real database and a byte store that can be made to
// fail, hang and lose bytes.

import { createHash } from "node:crypto";
import {
  sha256,
  silentLogger,
  systemClock,
  type Attempt,
  type ByteStore,
  type DagRun,
  type RecordedEntry,
  type SaveRequest,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { MemoryByteStore } from "@memodag/result-cache";
import { RunEntries } from "@memodag/scheduler";
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
  };
}

describe.each(TEST_DIALECTS)("requests about entries on %s", (dialect) => {
  let metastore: TestMetastore;
  let run: DagRun;
  let bytes: MemoryByteStore;
  let store: ByteStore;
  let entries: RunEntries;
  let count = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());
  beforeEach(async () => {
    // A team of its own: bytes are shared within one.
    run = runOfTeam((count += 1));
    bytes = new MemoryByteStore();
    store = bytes;
    entries = new RunEntries({
      store: metastore.entries,
      caches: [{ name: "", scope: "run", store: "bucket", defaultTtlMs: null }],
      openStore: async () => store,
      maxEntryBytes: () => 1_000,
      maxInlineBytes: () => 100,
      lookupTimeoutMs: () => 200,
      breaker: { breakerThreshold: 3, breakerRestMs: 60_000 },
      runs: { findRun: async () => run },
      clock: systemClock,
      log: silentLogger,
    });
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
    const recorded: RecordedEntry = {
      cache: "",
      scope: "run",
      key: "one",
      digest: sha256(BYTES),
      sizeBytes: BYTES.length,
      store: "bucket",
      ttlMs: null,
    };
    const check = () => entries.findRestorable(run, new Map([["key", [recorded]]]));
    expect(await check()).toMatchObject({ kind: "failed" });
    const startedAt = performance.now();
    for (let pass = 0; pass < 20; pass += 1) expect(await check()).toMatchObject({ kind: "failed" });
    expect(performance.now() - startedAt).toBeLessThan(400);
  });
});

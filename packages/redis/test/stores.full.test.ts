// Records and results on a real server: their contracts, and what goes wrong with it.

import { sha256 } from "@memodag/core";
import type { CacheBackend, RecordLookup, ResultStore } from "@memodag/result-cache";
import {
  describeLeaseStore,
  describeRecordLookup,
  describeResultStore,
  sampleRecord,
} from "@memodag/result-cache/testing";
import { RedisServer } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openCacheBackend, openLeaseStore } from "../src/index.ts";
import { PASS_TIME } from "./pass-time.ts";

interface Opened extends CacheBackend {
  readonly records: RecordLookup;
  readonly results: ResultStore;
}

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

async function open(url: string = server.url, prefix = "memodag"): Promise<Opened> {
  return (await openCacheBackend({ options: { url, prefix } })) as Opened;
}

async function openEmpty(): Promise<Opened> {
  await server.command("FLUSHALL");
  return await open();
}

const runner = { describe, test };
describeRecordLookup(
  "redis",
  {
    async open() {
      const { records, close } = await openEmpty();
      return {
        store: records,
        passTime: async (ms) => void (await server.command("EVAL", PASS_TIME, "0", String(ms))),
        close,
      };
    },
  },
  runner,
);
describeResultStore(
  "redis",
  {
    async open() {
      const { results, close } = await openEmpty();
      return { store: results, close };
    },
  },
  runner,
);

describeLeaseStore(
  "redis",
  {
    async open() {
      await server.command("FLUSHALL");
      const store = await openLeaseStore({ options: { url: server.url, prefix: "memodag" } });
      return {
        store,
        passTime: async (ms) => void (await server.command("EVAL", PASS_TIME, "0", String(ms))),
        close: async () => store.close?.(),
      };
    },
  },
  runner,
);

test("10,000 leases are renewed, and released, in 20 calls", async () => {
  const store = await openLeaseStore({ options: { url: server.url, prefix: "memodag" } });
  const held = await Promise.all(
    Array.from({ length: 10_000 }, async (_, index) => {
      const { key } = sampleRecord(`${index}`);
      const claim = await store.tryAcquire(TEAM, key, "one", 60_000);
      return { team: TEAM, key, token: claim.kind === "acquired" ? claim.token : 0 };
    }),
  );
  const before = await callsOf("evalsha");
  expect(await store.renewAll?.(held, 60_000)).toEqual(held.map(() => true));
  expect((await callsOf("evalsha")) - before).toBe(20);
  await store.releaseAll?.(held);
  // The first calls of a script bring it along.
  const calls = (await callsOf("evalsha")) - before;
  expect(calls).toBe(40);
  expect(await store.list()).toEqual([]);
  await store.close?.();
});

const TEAM = "ml";
const RECORD = sampleRecord("one", { team: TEAM });
const failed = { code: "cache_backend_failed", fault: "infrastructure" };

describe("records and results on redis", () => {
  let backend: Opened;
  beforeEach(async () => {
    backend = await openEmpty();
  });
  afterEach(() => backend.close());

  const found = async (): Promise<number> => (await backend.records.find(TEAM, [RECORD.key])).size;

  test("10,000 keys are found in one pass", async () => {
    const records = Array.from({ length: 10_000 }, (_, index) => sampleRecord(`${index}`, { team: TEAM }));
    for (let from = 0; from < records.length; from += 1_000)
      await Promise.all(
        records.slice(from, from + 1_000).map((record) => backend.records.put(record, "keep-live")),
      );
    const keys = records.map(({ key }) => key);
    const before = await callsOf("evalsha");
    expect((await backend.records.find(TEAM, keys)).size).toBe(10_000);
    expect((await callsOf("evalsha")) - before).toBe(20);
  });

  test("a record goes when it expires, by the clock of the server; one without a ttl stays", async () => {
    await backend.records.put({ ...RECORD, ttlMs: 60_000 }, "keep-live");
    expect(await server.command("PTTL", `memodag:records:team-ml:${RECORD.key}`)).toBeGreaterThan(50_000);
    await server.command("EVAL", PASS_TIME, "0", "60001");
    expect(await server.command("DBSIZE")).toBe(0);
    await backend.records.put(RECORD, "keep-live");
    expect(await server.command("PTTL", `memodag:records:team-ml:${RECORD.key}`)).toBe(-1);
  });

  test("of many puts at once that keep what is live, one is stored", async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => open()));
    const outcomes = await Promise.all(
      others.flatMap(({ records }, index) =>
        [0, 1, 2].map((turn) =>
          records.put(
            { ...RECORD, xcoms: [{ key: "return_value", digest: sha256(`${index} ${turn}`), sizeBytes: 1 }] },
            "keep-live",
          ),
        ),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(1);
    const digest = (await backend.records.find(TEAM, [RECORD.key])).get(RECORD.key)?.xcoms[0]?.digest;
    const kept = outcomes.filter((outcome) => outcome.kind === "kept");
    expect(new Set(kept.map(({ resultDigest }) => resultDigest))).toEqual(new Set([digest]));
    for (const other of others) await other.close();
  });

  test("two deployments share a server by their prefixes", async () => {
    const other = await open(server.url, "memodag/other");
    await backend.records.put(RECORD, "keep-live");
    expect((await other.records.find(TEAM, [RECORD.key])).size).toBe(0);
    await other.close();
  });

  test("what is no record is answered as one that no reader takes, and replaced when asked for", async () => {
    const name = `memodag:records:team-ml:${RECORD.key}`;
    await server.command("HSET", name, "found", "{", "at", "0", "failed", "0", "digest", "");
    expect((await backend.records.find(TEAM, [RECORD.key])).get(RECORD.key)?.team).toBeUndefined();
    await backend.records.put(RECORD, "replace");
    expect((await backend.records.find(TEAM, [RECORD.key])).get(RECORD.key)).toMatchObject({ team: TEAM });
  });

  test("results stay as long as they are read", async () => {
    const bytes = new TextEncoder().encode("1");
    await backend.results.write(TEAM, [{ digest: sha256(bytes), bytes }]);
    const days = (count: number): string => String(count * 86_400_000);
    await server.command("EVAL", PASS_TIME, "0", days(29));
    expect((await backend.results.read(TEAM, [sha256(bytes)])).size).toBe(1);
    await server.command("EVAL", PASS_TIME, "0", days(29));
    expect((await backend.results.read(TEAM, [sha256(bytes)])).size).toBe(1);
    await server.command("EVAL", PASS_TIME, "0", days(31));
    expect((await backend.results.read(TEAM, [sha256(bytes)])).size).toBe(0);
  });

  test("a flush is a miss, and the scripts are loaded again", async () => {
    await backend.records.put(RECORD, "keep-live");
    expect(await found()).toBe(1);
    await server.command("FLUSHALL");
    await server.command("SCRIPT", "FLUSH");
    expect(await found()).toBe(0);
    await backend.records.put(RECORD, "keep-live");
    expect(await found()).toBe(1);
  });

  test("away it fails at once, and is used again when it is back, empty", async () => {
    await backend.records.put(RECORD, "keep-live");
    await server.stop();
    // It takes a moment until the client notices.
    await expect.poll(() => found().catch((error: unknown) => error)).toMatchObject(failed);
    const calls = [
      backend.records.put(RECORD, "keep-live"),
      backend.results.read(TEAM, [RECORD.key]),
      backend.results.write(TEAM, [{ digest: RECORD.key, bytes: new Uint8Array(1) }]),
      backend.results.delete(TEAM, [RECORD.key]),
    ];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: failed });
    await server.startAgain();
    await expect.poll(() => found().catch(() => "away"), { timeout: 10_000 }).toBe(0);
  });

  test("one that does not answer is left when the signal says so", async () => {
    await found();
    server.suspend(true);
    try {
      const signal = AbortSignal.timeout(200);
      const late = backend.records.find(TEAM, [RECORD.key], { signal });
      await expect(late).rejects.toMatchObject({ name: "TimeoutError" });
    } finally {
      server.suspend(false);
    }
    expect(await found()).toBe(0);
  });

  test("out of memory: the put fails with what to do, and lookups go on", async () => {
    await backend.records.put(RECORD, "keep-live");
    await server.command("CONFIG", "SET", "maxmemory", "1");
    try {
      const put = backend.records.put(sampleRecord("two", { team: TEAM }), "keep-live");
      await expect(put).rejects.toThrow(/maxmemory-policy/);
      expect(await found()).toBe(1);
    } finally {
      await server.command("CONFIG", "SET", "maxmemory", "0");
    }
  });

  test("a password that is refused is named without being quoted", async () => {
    await server.command("ACL", "SETUSER", "cache", "on", ">right", "~*", "+@all");
    const url = new URL(server.url);
    url.username = "cache";
    url.password = "the-wrong-one";
    const refused = await open(url.href);
    const outcome = await refused.records.find(TEAM, [RECORD.key]).catch((error: unknown) => error as Error);
    expect(outcome).toMatchObject(failed);
    expect(String(outcome)).toMatch(/WRONGPASS.*the user and the password/);
    expect(JSON.stringify(outcome) + String(outcome)).not.toContain("the-wrong-one");
    await refused.close();
  });
});

async function callsOf(command: string): Promise<number> {
  const text = String(await server.command("INFO", "commandstats"));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
}

import { sha256, silentLogger, systemClock } from "@memodag/core";
import {
  keepForMs,
  MemoryByteStore,
  MemoryRecordStore,
  openBackendModule,
  parseBackendOptions,
  requireBackend,
  requireBackendModule,
  ResultCache,
  MemoryResultStore,
  type CacheBackendModule,
  type FoundRecord,
  type NewCacheRecord,
  type OptionsSchema,
  type PutMode,
  type RecordLookup,
} from "@memodag/result-cache";
import { describeRecordLookup } from "@memodag/result-cache/testing";
import { describe, expect, test } from "vitest";
import { ManualClock } from "@memodag/core/testing";
import { entry } from "./entries.ts";

/** A lookup as a key-value store has it: nothing can be listed. */
class KeyedRecords implements RecordLookup {
  readonly #clock: { now(): number };
  readonly #rows = new Map<string, FoundRecord & { readonly expiresAt: number | null }>();

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  async find(team: string, keys: readonly string[]): Promise<Map<string, FoundRecord>> {
    const found = new Map<string, FoundRecord>();
    for (const key of keys) {
      const row = this.#rows.get(JSON.stringify([team, key]));
      if (row) found.set(key, { ...row, ageMs: this.#clock.now() - row.createdAt });
    }
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode) {
    const name = JSON.stringify([record.team, record.key]);
    const now = this.#clock.now();
    const row = this.#rows.get(name);
    if (
      row &&
      row.error === null &&
      mode === "keep-live" &&
      (row.expiresAt === null || row.expiresAt > now)
    ) {
      const returned = row.xcoms.find(({ key }) => key === "return_value");
      return { kind: "kept", resultDigest: returned?.digest ?? "" } as const;
    }
    const keepMs = keepForMs(record);
    const expiresAt = keepMs === null ? null : now + keepMs;
    this.#rows.set(name, { ...record, createdAt: now, ageMs: 0, expiresAt });
    return { kind: "stored" } as const;
  }

  async touch(): Promise<void> {}
}

describeRecordLookup(
  "a backend without a catalog",
  {
    async open() {
      const clock = new ManualClock();
      return {
        store: new KeyedRecords(clock),
        passTime: async (ms) => clock.advance(ms),
        close: async () => {},
      };
    },
  },
  { describe, test },
);

const OPENING = {
  options: "",
  projectDir: "/",
  lookupTimeoutMs: 100,
  storeTimeoutMs: 100,
  clock: systemClock,
  log: silentLogger,
};
const close = async (): Promise<void> => {};

describe("a backend's module", () => {
  test("without a catalog says so in one sentence, and finds and stores", async () => {
    const opened = requireBackend(
      { records: new KeyedRecords(systemClock), close },
      ["records"],
      'core.x = "m"',
    );
    const { records } = opened;
    expect((await records?.find("ml", [sha256("a")]))?.size).toBe(0);
    for (const asked of [records?.list({}, { limit: 1, offset: 0 }), records?.stats({}), records?.purge({})])
      await expect(asked).rejects.toMatchObject({
        code: "cache_catalog_missing",
        message: expect.stringMatching(/^The cache backend of core\.x = "m" keeps no catalog: [^.]*$/),
      });
    expect(await records?.retention?.()).toBeUndefined();
    expect(await records?.findRemovals?.("ml", [])).toBeUndefined();
  });

  test("of before counts hits as touches, and a catalog may be an object of its own", async () => {
    const whole = new MemoryRecordStore(new ManualClock());
    const counted: unknown[] = [];
    const before = {
      find: whole.find.bind(whole),
      put: whole.put.bind(whole),
      countHits: async (...call: unknown[]) => void counted.push(call),
    };
    const opened = requireBackend({ records: before, catalog: whole, close }, ["records"], "test");
    await opened.records?.touch("ml", [{ key: "k", count: 2 }]);
    expect(counted).toEqual([["ml", [{ key: "k", count: 2 }]]]);
    expect(await opened.records?.count({})).toBe(0);
    expect(() => requireBackend({ records: before, catalog: {}, close }, ["records"], "test")).toThrow(
      /has no catalog\.list\(\), catalog\.stats\(\)/,
    );
  });

  test("may have results in a byte store, which needs nothing else", async () => {
    const bytes = new MemoryByteStore();
    const module: CacheBackendModule = { openByteStore: () => bytes };
    expect(() => requireBackendModule(module, "test")).toThrow(/exports no function openCacheBackend/);
    const taken = requireBackendModule(module, "test", ["results"]);
    const { results } = await openBackendModule(taken, OPENING, ["results"], "test");
    const value = { digest: sha256("1"), bytes: Buffer.from("1") };
    await results?.write("ml", [value]);
    expect((await bytes.stat("ml", [value.digest])).get(value.digest)?.sizeBytes).toBe(1);
  });

  test("has its options checked, and every fault is named with its place and without its value", async () => {
    const schema: OptionsSchema<{ readonly region: string }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          typeof value === "object" && value !== null && "region" in value
            ? { value: { region: `parsed ${String(value.region)}` } }
            : {
                issues: [
                  { message: "is missing", path: ["region"] },
                  { message: "is not a number", path: [{ key: "retry" }, "limit"] },
                ],
              },
      },
    };
    expect(await parseBackendOptions(schema, { region: "eu" })).toEqual({ region: "parsed eu" });
    const refused = parseBackendOptions(schema, { secret: "hunter2" });
    await expect(refused).rejects.toMatchObject({
      code: "config_invalid",
      fields: {
        faults: [
          "task_cache.backend_options.region: is missing",
          "task_cache.backend_options.retry.limit: is not a number",
        ],
      },
    });
    await expect(refused).rejects.not.toThrow(/hunter2/);
    expect(await parseBackendOptions(undefined, "s3://x")).toBe("s3://x");
    expect(await parseBackendOptions(undefined, undefined)).toBe("");
  });
});

test("a record whose result is gone is replaced by the next one, without a catalog to remove it from", async () => {
  const warnings: string[] = [];
  const { records } = requireBackend({ records: new KeyedRecords(systemClock), close }, ["records"], "test");
  if (!records) throw new Error("no records");
  const results = new MemoryResultStore();
  const cache = new ResultCache({
    records,
    results,
    clock: systemClock,
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
    options: {
      lookupTimeoutMs: () => 1_000,
      storeTimeoutMs: () => 1_000,
      maxResultSize: () => 2 ** 20,
      breakerThreshold: 5,
      breakerRestMs: 1_000,
    },
  });
  const stored = entry("1");
  const { team, key } = stored.record;
  const ask = async () => {
    const outcome = await cache.openPass(team).ask([{ key, ttlMs: null }]);
    return outcome.kind === "answered" ? outcome.answers.get(key) : outcome;
  };
  await cache.store(stored, "keep-live");
  expect(await ask()).toMatchObject({ kind: "hit" });
  await results.delete(
    team,
    stored.xcoms.map(({ digest }) => digest),
  );
  expect(await ask()).toEqual({ kind: "miss", reason: "result_missing" });
  expect(await cache.store(stored, "replace")).toEqual({ kind: "stored" });
  expect(await ask()).toMatchObject({ kind: "hit" });
  expect(warnings.filter((message) => message.startsWith("could not remove"))).toEqual([]);
});

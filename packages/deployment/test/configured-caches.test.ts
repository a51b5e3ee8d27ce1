// Which caches tasks get for the stores that they name, and which stores they may name.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@memodag/config";
import { silentLogger, systemClock } from "@memodag/core";
import { MemoryRecordStore, MemoryResultStore, ResultCache } from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfiguredCaches, type CachePlace } from "../src/scheduler/configured-caches.ts";
import {
  listNameableStores,
  lockStoreFault,
  storageFault,
  type NameableStore,
} from "../src/stores/store-roles.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-named-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function stores(): Promise<NameableStore[]> {
  writeFileSync(join(folder, "both.mjs"), "export const openByteStore = 1, openCacheBackend = () => ({});");
  writeFileSync(join(folder, "bytes.mjs"), "export const openByteStore = () => ({});");
  const named = (name: string, kind: string, more = ""): string =>
    `[[stores]]\nname = "${name}"\nkind = "${kind}"\n${more}\n`;
  const toml = [
    named("shared", "filesystem", 'path = "kept"'),
    named("ours", "memory", 'team = "ml"'),
    named("google", "gcs", 'bucket = "acme"'),
    named("fast", "redis", 'url = "redis://127.0.0.1:1"'),
    named("both", "./both.mjs"),
    named("bytes", "./bytes.mjs"),
    named("missing", "./missing.mjs"),
    named("database", "metadata-db").replace('"database"', '"meta"'),
  ].join("");
  writeFileSync(join(folder, "memodag.toml"), toml);
  return await listNameableStores(loadConfig({ cwd: folder, env: {} }));
}

describe("stores that tasks may name", () => {
  test("are those that can hold records, or results, for their team", async () => {
    const named = await stores();
    const fault = (team: string, keyStorage?: string, resultStorage?: string) =>
      storageFault(named, team, {
        ...(keyStorage && { keyStorage }),
        ...(resultStorage && { resultStorage }),
      });
    for (const name of ["shared", "fast", "both", "meta"]) expect(fault("a", name, name)).toBeUndefined();
    expect(fault("ml", "ours", "ours")).toBeUndefined();
    expect(fault("a", undefined, "google")).toBeUndefined();
    expect(fault("a", "shared", "bytes")).toBeUndefined();
    const others = 'or use "shared", "fast", "both", "meta"';
    expect(fault("a", "google")).toBe(
      `keyStorage: the store "google" cannot hold records: name another one, ${others}`,
    );
    expect(fault("a", "bytes")).toContain("cannot hold records");
    expect(fault("a", undefined, "missing")).toContain("cannot hold results");
    // Another team's is not told from one that is not there.
    const unknown = (name: string) =>
      `keyStorage: there is no store "${name}" for tasks of this team: add it under [[stores]] in the config, ${others}`;
    expect(fault("a", "ours")).toBe(unknown("ours"));
    expect(fault("a", "nowhere")).toBe(unknown("nowhere"));
    // A store of the deployment is of no team.
    expect(lockStoreFault(named, undefined, "nowhere")).toMatch(
      /^store: there is no store "nowhere": add it under \[\[stores\]\] in the config/,
    );
  });

  test("of one team cannot be those of every team", () => {
    const store = '[[stores]]\nname = "ours"\nkind = "memory"\nteam = "ml"\n';
    const keys = '[core]\ntask_cache_backend = "ours"\n[task_cache]\nresult_store = "ours"\n';
    writeFileSync(join(folder, "memodag.toml"), `${keys}${store}`);
    expect(() => loadConfig({ cwd: folder, env: {} })).toThrow(
      /core.task_cache_backend: expected a store of every team, found "ours", a store of team "ml"[^]*task_cache.result_store/,
    );
  });
});

describe("the caches of a scheduler", () => {
  async function open() {
    const places: CachePlace[] = [];
    const opened = new Map<string, MemoryRecordStore>();
    const caches = new ConfiguredCaches({
      common: {
        name: "the cache",
        records: new MemoryRecordStore(systemClock),
        recordsName: "metadata-db",
        results: new MemoryResultStore(),
        valueStore: null,
        keepsEntries: true,
      },
      named: {
        records: (name) => {
          const store = opened.get(name) ?? new MemoryRecordStore(systemClock);
          opened.set(name, store);
          return store;
        },
        results: () => new MemoryResultStore(),
      },
      stores: await stores(),
      open: (place) => {
        places.push(place);
        const { name, records, results } = place;
        return new ResultCache({
          name,
          records,
          results,
          clock: systemClock,
          log: silentLogger,
          options: {
            lookupTimeoutMs: () => 1_000,
            storeTimeoutMs: () => 1_000,
            maxResultSize: () => 1_000,
            breakerThreshold: 1,
            breakerRestMs: 1_000,
          },
        });
      },
    });
    return { caches, places };
  }

  test("are one for each pair of stores, which know whether runs may refer to results", async () => {
    const { caches, places } = await open();
    const far = caches.find("a", { keyStorage: "shared" });
    expect(caches.find("b", { keyStorage: "shared" })).toBe(far);
    caches.find("a", { keyStorage: "meta", resultStorage: "shared" });
    caches.find("a", { resultStorage: "fast" });
    expect(places.map(({ name, valueStore, keepsEntries }) => [name, valueStore, keepsEntries])).toEqual([
      ["the cache", null, true],
      ['the cache in "shared"', null, false],
      ['the cache in "meta" and "shared"', "shared", true],
      // It may forget them.
      ['the cache in "fast"', undefined, true],
    ]);
  });

  test("of a store that a team may not use fail each time with the reason", async () => {
    const { caches } = await open();
    const refused = caches.find("a", { keyStorage: "ours" });
    expect(refused).not.toBe(caches.find("ml", { keyStorage: "ours" }));
    for (const _ of [1, 2, 3]) {
      const outcome = await refused.openPass("a").ask([{ key: "0".repeat(64), ttlMs: null }]);
      expect(outcome).toMatchObject({
        kind: "failed",
        message: expect.stringContaining('cache.keyStorage: there is no store "ours"') as string,
      });
    }
  });
});

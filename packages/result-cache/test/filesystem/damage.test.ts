import { copyFile, mkdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FilesystemRecordStore, FilesystemResultStore, type NewCacheRecord } from "../../src/index.ts";
import { components, entry } from "../entries.ts";
import { ManualClock } from "@memodag/core/testing";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";

const HOUR_S = 3_600;

let clock: ManualClock;
let scratch: ScratchFolder;
let records: FilesystemRecordStore;
let results: FilesystemResultStore;

beforeEach(async () => {
  clock = new ManualClock();
  scratch = await makeScratchFolder();
  records = new FilesystemRecordStore(scratch.path, clock);
  results = new FilesystemResultStore(scratch.path, clock);
});

afterEach(() => scratch.remove());

function recordOf(json: string, team = "ml"): NewCacheRecord {
  const { record } = entry(json, { components: components({ team, inputs: { of: sha256(json) } }) });
  // One key in every team, so that a file of one fits another's folder by name.
  return {
    ...record,
    key: sha256(json),
    xcoms: [{ key: "return_value", digest: sha256(json), sizeBytes: 1 }],
  };
}

function fileOf(json: string, team = "ml"): string {
  const key = sha256(json);
  return join(scratch.path, "records", `team-${team}`, key.slice(0, 2), `${key}.json`);
}

describe("a file that holds no record of its key and team", () => {
  const record = recordOf("1");
  const edit = async (change: (record: Record<string, unknown>) => unknown) => {
    const value = JSON.parse(await readFile(fileOf("1"), "utf8")) as Record<string, unknown>;
    await writeFile(fileOf("1"), JSON.stringify(change(value)));
  };
  const damages: [string, () => Promise<unknown>][] = [
    ["empty", () => truncate(fileOf("1"), 0)],
    ["cut short", () => truncate(fileOf("1"), 100)],
    ["no UTF-8", () => writeFile(fileOf("1"), new Uint8Array([0x22, 0xff, 0x22]))],
    ["null", () => edit(() => null)],
    ["a list", () => edit((value) => [value])],
    ["without a field", () => edit(({ producer: _producer, ...rest }) => rest)],
    ["with a field of another type", () => edit((value) => ({ ...value, createdAt: "yesterday" }))],
    ["with components of another version", () => edit((value) => ({ ...value, components: { v: 2 } }))],
    [
      "with a digest that is a path",
      () =>
        edit((value) => ({ ...value, xcoms: [{ key: "return_value", digest: "../../x", sizeBytes: 1 }] })),
    ],
    [
      "of another key",
      async () => {
        await records.put(recordOf("2"), "keep-live");
        await copyFile(fileOf("2"), fileOf("1"));
        await rm(fileOf("2"));
      },
    ],
    [
      "of another team",
      async () => {
        await records.put(recordOf("1", "ops"), "keep-live");
        await copyFile(fileOf("1", "ops"), fileOf("1"));
        await rm(fileOf("1", "ops"));
      },
    ],
  ];

  test.each(damages)("%s: is absent, and replaced by the next put", async (_kind, damage) => {
    await records.put(record, "keep-live");
    await damage();
    expect((await records.find("ml", [record.key])).size).toBe(0);
    expect(await records.list({}, { limit: 10, offset: 0 })).toEqual([]);
    expect(await records.count({ key: record.key })).toBe(0);
    await records.touch("ml", [{ key: record.key, count: 1 }]);
    expect(await records.put(record, "keep-live")).toEqual({ kind: "stored" });
    expect((await records.find("ml", [record.key])).get(record.key)).toMatchObject({
      ...withoutTtl(record),
      hitCount: 0,
    });
  });

  test.each(damages)("%s: is removed by a purge, which does not count it", async (_kind, damage) => {
    await records.put(record, "keep-live");
    await damage();
    expect(await records.purge({ dagId: "another" })).toBe(0);
    expect(await scratch.files()).toEqual([]);
  });

  test("a lookup leaves it where it is: reading never writes", async () => {
    await records.put(record, "keep-live");
    await truncate(fileOf("1"), 10);
    await records.find("ml", [record.key]);
    expect(await scratch.files()).toHaveLength(1);
  });
});

describe("a file that a killed process left half-written", () => {
  async function leave(
    store: "records" | "results",
    name: string,
    seconds: number,
    now = clock.now(),
  ): Promise<string> {
    const at = new Date(now - seconds * 1_000);
    const path = join(scratch.path, store, "team-ml", "incoming", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{"team":"ml","key');
    await utimes(path, at, at);
    return `${store}/team-ml/incoming/${name}`;
  }

  test("is no record, and is collected when it has lain for an hour", async () => {
    await leave("records", "abandoned", HOUR_S + 1);
    const busy = await leave("records", "busy", HOUR_S - 1);
    expect(await records.count({})).toBe(0);
    await records.put(recordOf("1"), "keep-live");
    expect(await records.count({})).toBe(1);
    expect((await scratch.files()).filter((file) => file.includes("incoming"))).toEqual([busy]);
  });

  test("is no result, and is collected when it has lain for an hour", async () => {
    await leave("results", sha256("1"), HOUR_S + 1);
    const busy = await leave("results", "busy", HOUR_S - 1);
    expect((await results.read("ml", [sha256("1")])).size).toBe(0);
    await results.write("ml", [{ digest: sha256("2"), bytes: new TextEncoder().encode("2") }]);
    expect((await scratch.files()).filter((file) => file.includes("incoming"))).toEqual([busy]);
  });

  test("a lock is honoured while its holder may live", async () => {
    const lock = await leave("records", `${sha256("1")}.lock`, 9, Date.now());
    const settled = vi.fn<() => void>();
    const put = records.put(recordOf("1"), "keep-live").finally(settled);
    // Another key's lock is another lock.
    for (let index = 2; index < 12; index++) await records.put(recordOf(`${index}`), "keep-live");
    expect(settled).not.toHaveBeenCalled();
    await rm(join(scratch.path, lock));
    expect(await put).toEqual({ kind: "stored" });
  });

  test("a lock is broken when its holder must be dead", async () => {
    const lock = await leave("records", `${sha256("1")}.lock`, 11, Date.now());
    expect(await records.put(recordOf("1"), "keep-live")).toEqual({ kind: "stored" });
    expect(await scratch.files()).not.toContain(lock);
  });
});

describe("bytes on a failing disk", () => {
  test("come back as they are, for the reader to check, and are healed by the next write", async () => {
    const digest = sha256("one");
    const bytes = new TextEncoder().encode("one");
    await results.write("ml", [{ digest, bytes }]);
    const path = join(scratch.path, "results", "team-ml", digest.slice(0, 2), digest);
    await writeFile(path, "onf");
    expect((await results.read("ml", [digest])).get(digest)).toEqual(Buffer.from("onf"));
    await results.write("ml", [{ digest, bytes }]);
    expect(await readFile(path, "utf8")).toBe("one");
  });
});

describe("an abort", () => {
  test("ends a lookup and a read before they begin, and between files", async () => {
    const digests = Array.from({ length: 500 }, (_, index) => sha256(`${index}`));
    const signal = AbortSignal.abort();
    await expect(records.find("ml", digests, { signal })).rejects.toThrow("aborted");
    await expect(results.read("ml", digests, { signal })).rejects.toThrow("aborted");
    const later = new AbortController();
    const reads = [records.find("ml", digests, later), results.read("ml", digests, later)];
    later.abort();
    for (const read of reads) await expect(read).rejects.toThrow("aborted");
  });
});

describe("a folder that cannot be used", () => {
  test("is named with the mend", async () => {
    const root = join(scratch.path, "taken");
    await writeFile(root, "");
    const failure = {
      code: "cache_backend_failed",
      message: expect.stringContaining(`${root}/`) as string,
      fields: { errno: "ENOTDIR" },
    };
    const brokenRecords = new FilesystemRecordStore(root, clock);
    const brokenResults = new FilesystemResultStore(root, clock);
    await expect(brokenRecords.find("ml", [sha256("1")])).rejects.toMatchObject(failure);
    await expect(brokenRecords.put(recordOf("1"), "keep-live")).rejects.toMatchObject(failure);
    await expect(brokenRecords.count({})).rejects.toMatchObject(failure);
    await expect(brokenResults.read("ml", [sha256("1")])).rejects.toMatchObject(failure);
  });
});

function withoutTtl({ ttlMs: _ttlMs, ...fields }: NewCacheRecord) {
  return fields;
}

import { join } from "node:path";
import { sha256 } from "@memodag/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { teamFolderName } from "../../src/filesystem/safe-names.ts";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { entry } from "../entries.ts";
import { ManualClock } from "@memodag/core/testing";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";

const ESCAPES = ["../../x", "..", ".", "/etc", "a/../../../b", "..\\..\\x", "x\0y", "C:\\x", "", " ", "NUL"];

let scratch: ScratchFolder;
let records: FilesystemRecordStore;
let results: FilesystemResultStore;

beforeEach(async () => {
  scratch = await makeScratchFolder();
  const root = join(scratch.path, "deep", "er", "root");
  records = new FilesystemRecordStore(root, new ManualClock());
  results = new FilesystemResultStore(root, new ManualClock());
});

afterEach(() => scratch.remove());

function put(own: Parameters<typeof entry>[1] & { digest?: string }) {
  const { digest = sha256("1"), ...record } = own;
  const xcoms = [{ key: "return_value", digest, sizeBytes: 1 }];
  return records.put({ ...entry("1", record).record, xcoms }, "keep-live");
}

describe("a team's name", () => {
  test.each(ESCAPES)("%j leads nowhere outside the root", async (team) => {
    const digest = sha256("1");
    await results.write(team, [{ digest, bytes: new TextEncoder().encode("1") }]);
    await put({ team });
    const files = await scratch.files();
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(file).toMatch(
        /^deep\/er\/root\/(records|results)\/sha256-[0-9a-f]{64}\/[0-9a-f]{2}\/[0-9a-f]{64}/,
      );
    }
    expect((await results.read(team, [digest])).size).toBe(1);
    expect(await records.purge({ team })).toBe(1);
  });

  test("is one plain folder of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        expect(teamFolderName(one)).toMatch(/^[a-z0-9_-]{1,71}$/);
        expect(teamFolderName(one) === teamFolderName(other)).toBe(one === other);
      }),
    );
    // Neither alone in UTF-8 nor on a disk that folds case are these told apart.
    expect(new Set(["ml", "ML", "\ud800", "\udbff"].map(teamFolderName)).size).toBe(4);
    expect(teamFolderName("data_science-2")).toBe("team-data_science-2");
  });
});

describe("a key or digest", () => {
  const refused = { code: "cache_backend_failed", message: /64 lower-case hexadecimal digits/ };
  const bad = [
    ...ESCAPES,
    "../".repeat(21) + "x",
    "g".repeat(64),
    "A".repeat(64),
    `${"a".repeat(64)}\n`,
    "ab",
  ];

  test.each(bad)("%j is refused before it is part of a path", async (name) => {
    const bytes = new Uint8Array([1]);
    await expect(put({ key: name })).rejects.toMatchObject(asError(refused));
    await expect(put({ digest: name })).rejects.toMatchObject(asError(refused));
    await expect(records.find("ml", [sha256("1"), name])).rejects.toMatchObject(asError(refused));
    await expect(records.touch("ml", [{ key: name, count: 1 }])).rejects.toMatchObject(asError(refused));
    await expect(results.read("ml", [name])).rejects.toMatchObject(asError(refused));
    await expect(results.write("ml", [{ digest: name, bytes }])).rejects.toMatchObject(asError(refused));
    await expect(results.delete("ml", [name])).rejects.toMatchObject(asError(refused));
    expect(await scratch.files()).toEqual([]);
  });

  test.each(bad)("%j as a filter matches nothing", async (key) => {
    await put({});
    expect(await records.count({ key })).toBe(0);
    expect(await records.purge({ key })).toBe(0);
    expect(await records.count({})).toBe(1);
  });
});

function asError({ code, message }: { code: string; message: RegExp }) {
  return { code, message: expect.stringMatching(message) as string };
}

// What is remembered of a file is forgotten when the file changes, however it changes.

import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileDigests } from "../src/file-digests.ts";
import { FileMemory } from "../src/file-memory.ts";

const HOUR_MS = 3_600_000;
let folder: string;
let file: string;
let memoryFile: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "memodag-files-")));
  file = join(folder, "dag.ts");
  memoryFile = join(folder, "state", "files.json");
  writeFileSync(file, "one");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The digest as a process finds it that starts an hour later, when all times are long past. */
async function digest(now = Date.now() + HOUR_MS): Promise<string | null> {
  const memory = new FileMemory(memoryFile, { now: () => now });
  const found = await new FileDigests(memory).of(file);
  memory.save();
  return found;
}

/** What the memory says without reading a file. */
function remembered(): string | undefined {
  const memory = new FileMemory(memoryFile, { now: Date.now });
  return memory.find(file, statSync(file, { bigint: true }))?.digest;
}

describe("the memory of files", () => {
  it("is shared by processes, and saves them from reading", async () => {
    expect(remembered()).toBeUndefined();
    expect(await digest()).toBe(sha256("one"));
    expect(remembered()).toBe(sha256("one"));
    expect(statSync(memoryFile).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["is written to", () => writeFileSync(file, "two")],
    ["gets its old times back", () => keepTimes(() => writeFileSync(file, "two"))],
    ["is replaced by one with the same size and times", () => keepTimes(() => replace("two"))],
    ["is replaced by a link to another", () => keepTimes(() => relink("two"))],
  ])("is not asked when the file %s", async (_name, change) => {
    await digest();
    change();
    expect(remembered()).toBeUndefined();
    expect(await digest()).toBe(sha256("two"));
    expect(remembered()).toBe(sha256("two"));
  });

  it("waits until a second change would be told from the first", async () => {
    expect(await digest(Date.now())).toBe(sha256("one"));
    expect(remembered()).toBeUndefined();
    // A clock of the file system that is ahead.
    utimesSync(file, new Date(), new Date(Date.now() + 3 * HOUR_MS));
    await digest();
    expect(remembered()).toBeUndefined();
  });

  it("does not take the time for reading as time since the change", async () => {
    let now = Date.now();
    class LateMemory extends FileMemory {
      override remember(...facts: Parameters<FileMemory["remember"]>): void {
        now += HOUR_MS;
        super.remember(...facts);
      }
    }
    const memory = new LateMemory(memoryFile, { now: () => now });
    expect(await new FileDigests(memory).of(file)).toBe(sha256("one"));
    memory.save();
    expect(remembered()).toBeUndefined();
  });

  it("remembers the file that was read, where a link leads to another one meanwhile", async () => {
    for (const name of ["one", "two"]) writeFileSync(join(folder, name), name);
    const lead = (name: string): void => {
      rmSync(file, { force: true });
      symlinkSync(join(folder, name), file);
    };
    class SwitchedMemory extends FileMemory {
      override find(...asked: Parameters<FileMemory["find"]>): ReturnType<FileMemory["find"]> {
        lead("two");
        return super.find(...asked);
      }
    }
    lead("one");
    const memory = new SwitchedMemory(memoryFile, { now: () => Date.now() + HOUR_MS });
    expect(await new FileDigests(memory).of(file)).toBe(sha256("two"));
    memory.save();
    lead("one");
    expect(await digest()).toBe(sha256("one"));
  });

  it("forgets nothing else: a file that is gone, and one that is none", async () => {
    await digest();
    rmSync(file);
    expect(await digest()).toBeNull();
    mkdirSync(file);
    expect(await digest()).toBeNull();
  });

  it("knows whether a file imports the SDK, and learns it again", async () => {
    const importsSdk = async (): Promise<boolean> => {
      const memory = new FileMemory(memoryFile, { now: () => Date.now() + HOUR_MS });
      const found = await new FileDigests(memory).importsSdk(file);
      memory.save();
      return found;
    };
    expect([await importsSdk(), await importsSdk()]).toEqual([false, false]);
    writeFileSync(file, 'import { Dag } from "memodag";');
    expect([await importsSdk(), await importsSdk()]).toEqual([true, true]);
  });

  it.each(["", "{", '{"format":0,"files":[]}', '{"format":1}'])("starts anew over %j", async (text) => {
    mkdirSync(join(folder, "state"));
    writeFileSync(memoryFile, text);
    expect(await digest()).toBe(sha256("one"));
    expect(JSON.parse(readFileSync(memoryFile, "utf8"))).toMatchObject({ files: [[file, {}]] });
  });

  it("is done without where it cannot be written", async () => {
    writeFileSync(join(folder, "state"), "a file in the way");
    expect(await digest()).toBe(sha256("one"));
  });
});

function keepTimes(change: () => void): void {
  const { atime, mtime } = statSync(file);
  change();
  utimesSync(file, atime, mtime);
}

function replace(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function relink(text: string): void {
  writeFileSync(join(folder, "other"), text);
  rmSync(file);
  linkSync(join(folder, "other"), file);
}

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, silentLogger, type Digest } from "@memodag/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ValueFiles } from "../src/value-files.ts";

let dir: string;
let fetched: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "memodag-values-"));
  fetched = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function open(maxBytes = 100): Promise<ValueFiles> {
  return await ValueFiles.open({ dir, maxBytes, log: silentLogger });
}

function read(files: ValueFiles, text: string): Promise<Uint8Array> {
  return files.read(sha256(text), async () => {
    fetched.push(text);
    return await Promise.resolve(Buffer.from(text));
  });
}

function kept(): Digest[] {
  return readdirSync(dir).toSorted();
}

test("a value is fetched once, by any number of readers, also after a restart", async () => {
  const files = await open();
  const texts = await Promise.all([read(files, "one"), read(files, "one"), read(files, "two")]);
  await read(files, "one");
  await read(await open(), "two");
  expect(texts.map((bytes) => Buffer.from(bytes).toString())).toEqual(["one", "one", "two"]);
  expect(fetched).toEqual(["one", "two"]);
});

test("a damaged file is fetched again, and what a killed host left is removed", async () => {
  const files = await open();
  await read(files, "one");
  writeFileSync(join(dir, sha256("one")), "oné");
  writeFileSync(join(dir, `${sha256("two")}.half`), "tw");
  expect(Buffer.from(await read(files, "one")).toString()).toBe("one");
  expect(Buffer.from(await read(await open(), "one")).toString()).toBe("one");
  expect([fetched, kept()]).toEqual([["one", "one"], [sha256("one")]]);
});

test("what was read longest ago goes first, and what is larger than the limit is not kept", async () => {
  const files = await open(8);
  for (const text of ["aaaa", "bbbb", "aaaa", "cccc", "ddddddddd"]) await read(files, text);
  expect(kept()).toEqual([sha256("aaaa"), sha256("cccc")].toSorted());
});

test("a fetch that fails is not remembered", async () => {
  const files = await open();
  const failing = files.read(sha256("one"), async () => await Promise.reject(new Error("away")));
  await expect(failing).rejects.toThrow("away");
  expect(Buffer.from(await read(files, "one")).toString()).toBe("one");
});

// Logs are read in pieces: of any length, while they grow, are cut short, or are replaced.

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogTail } from "@memodag/core";
import { FileLogStore } from "../src/logs.ts";

let folder: string;
let path: string;
let store: FileLogStore;
const ATTEMPT = { team: "t", dagId: "d", runId: "r", taskId: "a", mapIndex: -1, tryNumber: 1 };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-log-"));
  store = new FileLogStore(folder);
  path = store.placeOf(ATTEMPT);
  mkdirSync(dirname(path), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(part: LogTail = {}): Promise<string> {
  let text = "";
  for await (const piece of store.tail(ATTEMPT, part)) {
    expect(piece.isWellFormed()).toBe(true);
    text += piece;
  }
  return text;
}

/** Follows a log while these things are done to it, one at each look. */
async function followed(...steps: readonly (() => void)[]): Promise<string> {
  const rest = steps.values();
  return await read({
    isOver: async () => {
      const { value: step, done } = rest.next();
      step?.();
      return done === true;
    },
  });
}

describe("a log", () => {
  it.each([0, 1, 2, 3])("has its characters whole, wherever pieces end: %i bytes further", async (shift) => {
    const text = `${"x".repeat(shift)}${"é世👩".repeat(30_000)}\n`;
    writeFileSync(path, text);
    expect(await read()).toBe(text);
  });

  it.each([
    [1, "c\n"],
    [2, "b\nc\n"],
    [3, "a\nb\nc\n"],
    [99, "a\nb\nc\n"],
  ])("has %i last lines", async (lastLines, expected) => {
    writeFileSync(path, "a\nb\nc\n");
    expect(await read({ lastLines })).toBe(expected);
  });

  it("has last lines that are open, empty, or longer than a piece", async () => {
    writeFileSync(path, "a\nb");
    expect(await read({ lastLines: 1 })).toBe("b");
    writeFileSync(path, "a\n\n");
    expect(await read({ lastLines: 1 })).toBe("\n");
    const long = "é".repeat(100_000);
    writeFileSync(path, `a\n${long}\n${long}\n`);
    expect(await read({ lastLines: 2 })).toBe(`${long}\n${long}\n`);
    writeFileSync(path, "");
    expect(await read({ lastLines: 2 })).toBe("");
  });

  it("that is not there is empty", async () => {
    expect(await read()).toBe("");
  });
});

describe("a log that is followed", () => {
  it("is waited for, and read as it grows, in whole characters", async () => {
    const euro = Buffer.from("€");
    const text = await followed(
      () => undefined,
      () => writeFileSync(path, Buffer.concat([Buffer.from("1"), euro.subarray(0, 1)])),
      () => appendFileSync(path, euro.subarray(1)),
      () => appendFileSync(path, "2\n"),
    );
    expect(text).toBe("1€2\n");
  });

  it("is read from its start when it was cut short", async () => {
    const text = await followed(
      () => writeFileSync(path, "long enough\n"),
      () => truncateSync(path),
      () => appendFileSync(path, "new\n"),
    );
    expect(text).toBe("long enough\nnew\n");
  });

  it("is read to its end, then the one that took its place", async () => {
    const text = await followed(
      () => writeFileSync(path, "1\n"),
      () => {
        appendFileSync(path, "2\n");
        renameSync(path, `${path}.1`);
        writeFileSync(path, "3\n");
      },
      () => appendFileSync(path, "4\n"),
    );
    expect(text).toBe("1\n2\n3\n4\n");
  });
});

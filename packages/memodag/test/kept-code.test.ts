// Kept code is used for the file that it was compiled from, and for no other; without it, everything works.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Program } from "../src/kept-code.ts";

const BIN = fileURLToPath(new URL("../bin/memodag.js", import.meta.url));
const DAY_MS = 86_400_000;
/** Several pages when it is compiled. */
const LONG = Array.from({ length: 1000 }, (_, i) => `globalThis.kept${i} = ${i};`).join(" ");
let root: string;
let keptIn: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "memodag-kept-"));
  keptIn = join(root, "commands", "dags-list");
  write(
    "main.cjs",
    `const { word } = require("./word.cjs"); exports.main = () => { ${LONG} return \`main \${word()}\`; };`,
  );
  write("word.cjs", "exports.word = () => 'one';");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(root, name), text);
}

/** Runs the program as a process does that ends well; what it said, and whether it compiled anything anew. */
function run(now = Date.now()): { said: string; isCompiled: boolean } {
  const before = identity();
  const program = new Program({ folder: root, keptIn, now });
  const said = (program.require("./main.cjs") as { main(): string }).main();
  program.keep();
  return { said, isCompiled: identity() !== before };
}

function identity(): string {
  return existsSync(keptIn) ? String(statSync(keptIn, { bigint: true }).ino) : "none";
}

describe("the code kept for a command", () => {
  it("is used by the next process, and holds what was compiled when it was called", () => {
    write("main.cjs", `exports.main = () => { ${LONG} return "called"; };`);
    const program = new Program({ folder: root, keptIn, now: Date.now() });
    const { main } = program.require("./main.cjs") as { main(): string };
    program.keep();
    const uncalled = statSync(keptIn).size;
    rmSync(keptIn);
    main();
    program.keep();
    expect(statSync(keptIn).size).toBeGreaterThan(uncalled + 1000);
    expect(statSync(keptIn).mode & 0o777).toBe(0o600);
    expect(run()).toEqual({ said: "called", isCompiled: false });
  });

  it.each([
    ["has the same length", () => write("word.cjs", "exports.word = () => 'two';")],
    [
      "has the same length and time",
      () => {
        const { atime, mtime } = statSync(join(root, "word.cjs"));
        write("word.cjs", "exports.word = () => 'two';");
        utimesSync(join(root, "word.cjs"), atime, mtime);
      },
    ],
    [
      "is another file",
      () => (rmSync(join(root, "word.cjs")), write("word.cjs", "exports.word = () => 'two';")),
    ],
  ])("is not used for a file that was changed, even if it %s", (_name, change) => {
    expect(run()).toEqual({ said: "main one", isCompiled: true });
    expect(run()).toEqual({ said: "main one", isCompiled: false });
    change();
    expect(run()).toEqual({ said: "main two", isCompiled: true });
    expect(run()).toEqual({ said: "main two", isCompiled: false });
  });

  it.each([
    ["was cut off", () => truncateSync(keptIn, statSync(keptIn).size - 8)],
    ["is empty", () => truncateSync(keptIn, 0)],
    ["lost a page", () => writeFileSync(keptIn, readFileSync(keptIn).fill(0, 8192, 12288))],
    ["is something else", () => writeFileSync(keptIn, "something else entirely, and long enough")],
  ])("is made anew where it %s", (_name, damage) => {
    run();
    damage();
    expect(run()).toEqual({ said: "main one", isCompiled: true });
    expect(run()).toEqual({ said: "main one", isCompiled: false });
  });

  it("is used for files that were installed again, which are known from then on", () => {
    run();
    const kept = readFileSync(keptIn);
    const text = readFileSync(join(root, "word.cjs"), "utf8");
    rmSync(join(root, "word.cjs"));
    write("word.cjs", text);
    run();
    expect(readFileSync(keptIn).equals(kept)).toBe(false);
    expect(readFileSync(keptIn).subarray(-1000).equals(kept.subarray(-1000))).toBe(true);
    expect(run()).toEqual({ said: "main one", isCompiled: false });
  });

  it("is added to by a process that needs more files, and made anew once a day", () => {
    run();
    write("more.cjs", "exports.main = () => 'more';");
    const program = new Program({ folder: root, keptIn, now: Date.now() });
    program.require("./more.cjs");
    program.keep();
    expect(run().isCompiled).toBe(false);
    expect(run(Date.now() + 2 * DAY_MS).isCompiled).toBe(true);
  });

  it("goes when it was not used for a month", () => {
    run();
    const old = join(root, "commands", "old");
    writeFileSync(old, "");
    utimesSync(old, new Date(), new Date(Date.now() - 31 * DAY_MS));
    run(Date.now() + 2 * DAY_MS);
    expect(readdirSync(join(root, "commands"))).toEqual(["dags-list"]);
  });

  it("is kept beside what processes have left that were killed while they wrote", () => {
    mkdirSync(join(root, "commands"));
    writeFileSync(`${keptIn}.${process.pid}`, "half");
    expect(run()).toEqual({ said: "main one", isCompiled: true });
    expect(run()).toEqual({ said: "main one", isCompiled: false });
  });

  it("is done without where it cannot be read or written", () => {
    writeFileSync(join(root, "commands"), "a file in the way");
    expect(run()).toEqual({ said: "main one", isCompiled: false });
    keptIn = join(root, "full", "dags-list");
    mkdirSync(keptIn, { recursive: true });
    expect(run().said).toBe("main one");
    expect(readdirSync(join(root, "full"))).toEqual(["dags-list"]);
  });

  it("leaves the places of errors as they are in the files", () => {
    write("main.cjs", 'exports.main = () => { throw new Error("here"); };');
    expect(() => run()).toThrow(expect.objectContaining({ stack: expect.stringContaining("main.cjs:1:30") }));
  });
});

describe("the command", () => {
  it("ends with 13 when nothing is left to wait for before its end", () => {
    const preload = "data:text/javascript,globalThis.setImmediate = () => undefined";
    const { status } = spawnSync(process.execPath, ["--import", preload, BIN, "--help"]);
    expect(status).toBe(13);
  });

  it("ends with the code of what ends it before its end", () => {
    const preload = "data:text/javascript,globalThis.setImmediate = () => process.exit(0)";
    const { status } = spawnSync(process.execPath, ["--import", preload, BIN, "--help"]);
    expect(status).toBe(0);
  });

  it("keeps its code apart for each command, in a folder of its user's, or runs without", () => {
    const cache = join(root, "cache");
    mkdirSync(cache, { mode: 0o700 });
    const env = { PATH: process.env["PATH"], HOME: root, XDG_CACHE_HOME: cache };
    const show = (command: string): string =>
      execFileSync(process.execPath, [BIN, command, "--help"], { env, encoding: "utf8" });
    const first = show("dags");
    const [kept = ""] = readdirSync(join(cache, "memodag", "commands"));
    const { ino } = statSync(join(cache, "memodag", "commands", kept));
    expect(kept).toMatch(/^dags-[0-9a-f]+$/);
    expect(show("dags")).toBe(first);
    expect(statSync(join(cache, "memodag", "commands", kept)).ino).toBe(ino);
    show("cache");
    expect(readdirSync(join(cache, "memodag", "commands"))).toHaveLength(2);
    chmodSync(cache, 0o777);
    expect(show("dags")).toBe(first);
  });
});

// Compiled code is executed: it is kept where this user alone can have put it, or not at all.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCacheFolder } from "../src/compile-cache.ts";

const BIN = fileURLToPath(new URL("../bin/memodag.js", import.meta.url));
const uid = process.getuid?.() ?? -1;
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "memodag-compiled-")));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function find(folder: string, as = uid): string | undefined {
  return findCacheFolder({ env: { XDG_CACHE_HOME: folder }, uid: as });
}

describe("the folder of compiled code", () => {
  it("is this user's alone, below the cache home or the home", () => {
    expect(find(root)).toBe(join(root, "memodag"));
    expect(statSync(join(root, "memodag")).mode & 0o777).toBe(0o700);
    const home = join(root, "home");
    mkdirSync(home);
    const inHome = findCacheFolder({ env: { XDG_CACHE_HOME: "relative", HOME: home }, uid });
    expect(inHome).toBe(join(home, ".cache", "memodag"));
  });

  it.each([
    ["was made by another user", () => undefined, uid + 1],
    ["can be written to by a group", () => mkdirMode(join(root, "memodag"), 0o770), uid],
    ["can be looked into by others", () => mkdirMode(join(root, "memodag"), 0o755), uid],
    [
      "is a link to another folder",
      () => symlinkSync(mkdirMode(join(root, "x"), 0o700), join(root, "memodag")),
      uid,
    ],
    ["can be replaced, since anyone may write to the one above", () => chmodSync(root, 0o777), uid],
    ["has a home that is not there", () => rmSync(root, { recursive: true }), uid],
  ])("is none where it %s", (_name, prepare, as) => {
    prepare();
    const folder = existsSync(root) ? root : join(root, "none");
    expect(find(folder, as)).toBeUndefined();
  });

  it("is taken below a shared folder that protects what is in it, as /tmp does", () => {
    chmodSync(root, 0o1777);
    expect(find(root)).toBe(join(root, "memodag"));
  });

  it("is what the command uses: nothing is read from, or left in, the temporary folder", () => {
    const [temporary, cache] = [join(root, "tmp"), join(root, "cache")];
    mkdirSync(join(temporary, "node-compile-cache"), { recursive: true });
    mkdirSync(cache);
    const env = { PATH: process.env["PATH"], HOME: root, TMPDIR: temporary, XDG_CACHE_HOME: cache };
    execFileSync(process.execPath, [BIN, "--help"], { env });
    expect(readdirSync(join(temporary, "node-compile-cache"))).toEqual([]);
    expect(readdirSync(join(cache, "memodag", "compiled"))).not.toEqual([]);
  });
});

function mkdirMode(path: string, mode: number): string {
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

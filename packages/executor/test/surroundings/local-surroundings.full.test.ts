import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PackageMemory, PackageSeals } from "@memodag/artifact/packages";
import {
  finish,
  reasonSentence,
  systemClock,
  type SerializedCommand,
  type SerializedTask,
} from "@memodag/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalSurroundings } from "../../src/index.ts";

let folder: string;
let env: Record<string, string>;
let surroundings: LocalSurroundings;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "memodag-around-")));
  env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
  open();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): void {
  const ordinaryEnv = ["PATH", "NODE_*"];
  const options = { level: "exact", env, ordinaryEnv, clock: systemClock } as const;
  surroundings = new LocalSurroundings({
    ...options,
    packageMemoryPath: join(folder, ".state/packages.json"),
    bundlePath: () => folder,
  });
}

function write(path: string, text = path): string {
  const absolute = join(folder, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, text);
  return absolute;
}

const file = { bundle: "dags", path: "dag.ts" };

function taskOf(files: readonly string[], command?: Partial<SerializedCommand>): SerializedTask {
  const cache = { env: [], ...(files.length > 0 && { files }) };
  const own = command && { argv: [], cwd: ".", env: [], sources: [], files: [], ...command };
  return { cache, ...(own && { command: own }) } as unknown as SerializedTask;
}

async function look(...files: string[]) {
  const found = await surroundings.of(file, taskOf(files));
  return found.kind === "known" ? (found.files ?? undefined) : reasonSentence(found.reason);
}

async function digestOf(...files: string[]): Promise<string> {
  const found = await look(...files);
  return typeof found === "object" ? JSON.stringify(found.digests) : `unknown: ${found}`;
}

describe("declared files", () => {
  test("are told apart by name and content, and the absence of a match counts", async () => {
    const digests = [await digestOf("data/*.csv")];
    write("data/a.csv", "1");
    digests.push(await digestOf("data/*.csv"));
    write("data/a.csv", "2");
    digests.push(await digestOf("data/*.csv"));
    renameSync(join(folder, "data/a.csv"), join(folder, "data/b.csv"));
    digests.push(await digestOf("data/*.csv"));
    write("data/c.csv", "");
    digests.push(await digestOf("data/*.csv"));
    expect(new Set(digests).size).toBe(digests.length);
    write("data/other.txt");
    expect(await digestOf("data/*.csv")).toBe(digests.at(-1));
    rmSync(join(folder, "data/c.csv"));
    expect(await digestOf("data/*.csv")).toBe(digests[3]);
  });

  test("are read again when they were written within the grain of their times", async () => {
    const path = write("rows.csv", "aaaa");
    const time = new Date();
    utimesSync(path, time, time);
    const before = await digestOf("rows.csv");
    writeFileSync(path, "bbbb");
    utimesSync(path, time, time);
    expect(await digestOf("rows.csv")).not.toBe(before);
  });

  test("count by what is in them when their times were set back", async () => {
    const old = new Date(Date.now() - 3_600_000);
    const path = write("rows.csv", "aaaa");
    utimesSync(path, old, old);
    const before = await digestOf("rows.csv");
    writeFileSync(path, "bbbb");
    utimesSync(path, old, old);
    expect(await digestOf("rows.csv")).not.toBe(before);
  });

  test("say that they were written to, even with what was in them", async () => {
    const path = write("rows.csv", "aaaa");
    const before = await look("rows.csv");
    utimesSync(path, new Date(1), new Date(1));
    const after = await look("rows.csv");
    if (typeof before !== "object" || typeof after !== "object") throw new Error("not looked at");
    expect(after.digests).toEqual(before.digests);
    expect(after.stamp).not.toBe(before.stamp);
  });

  test("are followed through links, whose targets count, and whose circles end", async () => {
    write("v1/rows.csv", "1");
    write("v2/rows.csv", "2");
    symlinkSync("v1", join(folder, "current"));
    symlinkSync("nowhere", join(folder, "broken"));
    symlinkSync("..", join(folder, "v1/up"));
    const before = await look("current", "broken", "current/**/*.csv");
    if (typeof before !== "object") throw new Error(before);
    expect(before.shown).toMatchObject({ broken: "link", "current/rows.csv": expect.any(String) });
    rmSync(join(folder, "current"));
    symlinkSync("v2", join(folder, "current"));
    expect(await digestOf("current")).not.toBe(JSON.stringify({ current: before.digests["current"] }));
    write("nowhere", "now");
    expect(await digestOf("broken")).not.toBe(JSON.stringify({ broken: before.digests["broken"] }));
  });

  test("of a folder are all that is in it, empty and hidden ones included", async () => {
    write("data/a/.hidden/x");
    const digests = [await digestOf("data")];
    mkdirSync(join(folder, "data/empty"));
    digests.push(await digestOf("data"));
    write("data/a/.hidden/x", "other");
    digests.push(await digestOf("data"));
    expect(new Set(digests).size).toBe(3);
  });

  test("that are no files, or cannot be read, make no key, and nothing waits for them", async () => {
    execFileSync("sh", ["-c", `mkfifo "${join(folder, "pipe")}"`]);
    expect(await digestOf("pipe")).toBe("unknown: input_unreadable(file:pipe: it is a named pipe)");
    expect(await digestOf("/dev/null")).toBe("unknown: input_unreadable(file:/dev/null: it is a device)");
    const server = createServer().listen(join(folder, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    expect(await digestOf("**")).toMatch(/^unknown: input_unreadable\(file:(pipe|socket): /);
    server.close();
    chmodSync(write("secret"), 0);
    // Root may read everything.
    const expected = process.getuid?.() === 0 ? /^\{/ : /^unknown: input_unreadable\(file:secret: EACCES\)$/;
    expect(await digestOf("secret")).toMatch(expected);
  });

  test("are known by name up to a thousand, and by number past that", async () => {
    for (let index = 0; index < 1_001; index += 1) write(`many/${index}`, "");
    expect(await look("many/*")).toMatchObject({ count: 1_001, shown: null });
    expect(await look("many/1?")).toMatchObject({ count: 10, shown: { "many/10": expect.any(String) } });
  });
});

describe("a command's program", () => {
  const partsOf = async (command: Partial<SerializedCommand>) => {
    const found = await surroundings.of(file, taskOf([], command));
    return found.kind === "known" ? found.runtime : reasonSentence(found.reason);
  };

  test("is known by path and content, as the PATH of the command has it", async () => {
    chmodSync(write("bin/tool", "one"), 0o755);
    const before = await partsOf({ argv: ["tool"] });
    expect(before).toMatchObject({
      "program tool": expect.stringContaining(`${join(folder, "bin/tool")} `),
      tz: expect.any(String),
      locale: "C",
    });
    expect(before).not.toHaveProperty("node");
    writeFileSync(join(folder, "bin/tool"), "two");
    expect(await partsOf({ argv: ["tool"] })).not.toEqual(before);
    chmodSync(write("own/tool", "one"), 0o755);
    expect(await partsOf({ argv: ["tool"], env: [["PATH", join(folder, "own")]] })).toMatchObject({
      "program tool": expect.stringContaining(join(folder, "own/tool")),
    });
    expect(await partsOf({ argv: ["./tool"], cwd: "own" })).toMatchObject({
      "program tool": expect.stringContaining(join(folder, "own/tool")),
    });
  });

  test("is its interpreter as well, through env, and what env finds may change", async () => {
    chmodSync(write("script", "#!/usr/bin/env -S runner --fast\n"), 0o755);
    expect(await partsOf({ argv: ["./script"] })).toContain('program "runner" is not on the PATH');
    chmodSync(write("bin/runner", "#!/bin/sh\n"), 0o755);
    const before = await partsOf({ argv: ["./script"] });
    expect(before).toMatchObject({
      "program script": expect.any(String),
      "program runner": expect.any(String),
      "program sh": expect.any(String),
    });
    write("bin/runner", "#!/bin/sh\n# other\n");
    expect(await partsOf({ argv: ["./script"] })).not.toEqual(before);
  });

  test("of a virtual environment is the link's end, and what pyvenv.cfg says", async () => {
    for (const name of ["python3.1", "python3.2"]) copyFileSync("/bin/true", join(folder, name));
    mkdirSync(join(folder, ".venv/bin"), { recursive: true });
    const link = join(folder, ".venv/bin/python");
    symlinkSync(join(folder, "python3.1"), link);
    write(".venv/pyvenv.cfg", "version = 3.1");
    const argv = [".venv/bin/python"];
    const seen = [await partsOf({ argv })];
    expect(seen[0]).toMatchObject({ "program python": expect.stringContaining("python3.1 ") });
    write(".venv/pyvenv.cfg", "version = 3.2");
    seen.push(await partsOf({ argv }));
    rmSync(link);
    symlinkSync(join(folder, "python3.2"), link);
    seen.push(await partsOf({ argv }));
    expect(new Set(seen.map((parts) => JSON.stringify(parts))).size).toBe(3);
  });

  test("that is not there makes no key", async () => {
    expect(await partsOf({ argv: ["not-there"] })).toMatch(
      /^program_unknown\(not-there: program "not-there" is not on/,
    );
    expect(await partsOf({ argv: ["./not-there"] })).toMatch(/^program_unknown\(\.\/not-there: /);
  });

  test("gets zone and locale into the key where it sees them", async () => {
    const argv = ["true"];
    env = { ...env, TZ: "Asia/Tokyo", LC_ALL: "C.UTF-8" };
    open();
    expect(await partsOf({ argv })).toMatchObject({ locale: "C" });
    const own = [
      ["TZ", "Asia/Tokyo"],
      ["LC_ALL", "C.UTF-8"],
    ] as const;
    expect(await partsOf({ argv, env: own })).toMatchObject({ tz: "Asia/Tokyo", locale: "LC_ALL=C.UTF-8" });
  });
});

test("code that NODE_OPTIONS runs makes no key, unless the task names the variable", async () => {
  env = { ...env, NODE_OPTIONS: "--import ./patch.mjs" };
  open();
  expect(await surroundings.of(file, taskOf([]))).toEqual({
    kind: "unknown",
    reason: {
      code: "runtime_unknown",
      detail: { what: "NODE_OPTIONS runs code that is not in the key: --import ./patch.mjs" },
    },
  });
  const vouched = { cache: { env: ["NODE_OPTIONS"] } } as unknown as SerializedTask;
  expect(await surroundings.of(file, vouched)).toMatchObject({ kind: "known" });
});

describe("packages that were loaded", () => {
  const changedIn = (
    place: string,
    since: number | undefined,
    seals: readonly (readonly [string, string])[],
  ) =>
    surroundings.findPackageChange(
      file,
      { sealed: seals, named: [["dep", "", "node_modules/dep"]] },
      [{ name: "dep", version: "1.0.0", folder: join(folder, place) }],
      since,
    );

  beforeEach(() => {
    for (const name of ["dep", "deep"]) {
      write(`node_modules/${name}/package.json`, `{"name":"${name}","version":"1.0.0"}`);
      write(`node_modules/${name}/index.js`, `import "deep";`);
    }
  });

  function sealNow(): (readonly [string, string])[] {
    const memory = new PackageMemory(join(folder, "nothing.json"), systemClock);
    const place = join(folder, "node_modules/dep");
    return [["node_modules/dep", finish(new PackageSeals(memory).sealOf(place)).seal]];
  }

  test("are as they were read", async () => {
    expect(await changedIn("node_modules/dep", Date.now() + 60_000, sealNow())).toBeNull();
  });

  test.each<[string, () => void]>([
    ["a file edited", () => write("node_modules/dep/index.js", `import "deep"; 1`)],
    ["a file added", () => write("node_modules/dep/more.json")],
    ["another one nearer", () => write("node_modules/dep/node_modules/deep/package.json", "{}")],
    ["one that it imports gone", () => rmSync(join(folder, "node_modules/deep"), { recursive: true })],
  ])("with %s are not", async (_what, change) => {
    const seals = sealNow();
    change();
    expect(await changedIn("node_modules/dep", undefined, seals)).toEqual({
      code: "code_changed",
      detail: { what: "package dep is not what the Dag was read with" },
    });
  });

  test("and changed back are in doubt, if that was while the task ran", async () => {
    const seals = sealNow();
    const spawnedAt = Date.now();
    write("node_modules/dep/index.js", "other");
    write("node_modules/dep/index.js", `import "deep";`);
    expect(await changedIn("node_modules/dep", spawnedAt, seals)).toEqual({
      code: "code_changed",
      detail: { what: "package dep was changed while the task ran" },
    });
    expect(await changedIn("node_modules/dep", Date.now() + 60_000, seals)).toBeNull();
  });

  test("by a link are those that it leads to", async () => {
    const seals = sealNow();
    symlinkSync("dep", join(folder, "node_modules/linked"));
    expect(await changedIn("node_modules/linked", undefined, seals)).toBeNull();
    renameSync(join(folder, "node_modules/dep"), join(folder, "node_modules/away"));
    expect(await changedIn("node_modules/linked", undefined, seals)).not.toBeNull();
  });
});

describe("the libraries that a linker is told to load", () => {
  test.each(["LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"])(
    "are in the key: %s",
    async (name) => {
      const runtimeOf = async () => {
        open();
        const found = await surroundings.of(file, taskOf([]));
        return found.kind === "known" ? found.runtime : {};
      };
      const before = await runtimeOf();
      expect(before).not.toHaveProperty(name);
      env[name] = "/opt/lib/one";
      expect(await runtimeOf()).toEqual({ ...before, [name]: "/opt/lib/one" });
      env[name] = "/opt/lib/two";
      expect(await runtimeOf()).toEqual({ ...before, [name]: "/opt/lib/two" });
    },
  );
});

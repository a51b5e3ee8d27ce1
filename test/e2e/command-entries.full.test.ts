// Commands that get entries as files and leave files as entries, with real programs and workers.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { createTestDatabase } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const MIB = 2 ** 20;

type Report = RunReport & { readonly bytesMoved: number };

const workspaces: Workspace[] = [];
afterEach(async () => {
  for (const workspace of workspaces.splice(0)) await workspace.remove();
});

function workspaceWith(dags: Record<string, string>, config: string, databaseUrl?: string): Workspace {
  const workspace = new Workspace({ config, dags, ...(databaseUrl !== undefined && { databaseUrl }) });
  workspaces.push(workspace);
  return workspace;
}

const FILESYSTEM = '[job_cache]\nstore = "filesystem"\n';

async function valueOf<T>(workspace: Workspace, { dagId, runId }: RunReport, taskId: string): Promise<T> {
  const values = await workspace.json<{ return_value: T }>("tasks", "xcom", dagId, runId, taskId);
  return values.return_value;
}

const statuses = ({ tasks }: RunReport): Record<string, string | null> =>
  Object.fromEntries(tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));

/** Lists the files that it gets, writes to each of them, and leaves files, folders and a group of files. */
const WORK = `import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
const { MEMODAG_ENTRIES_IN: from, MEMODAG_ENTRIES_OUT: to, MEMODAG_RESULT: result } = process.env;
const found = {};
for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const name = path.slice(from.length + 1);
  if (entry.isDirectory()) { if (readdirSync(path).length === 0) found[name] = "empty folder"; continue; }
  const bytes = readFileSync(path);
  const { mode, nlink } = statSync(path);
  found[name] = [bytes.length > 100 ? createHash("sha256").update(bytes).digest("hex") : bytes.toString(), (mode & 0o100) !== 0, nlink];
  chmodSync(path, 0o600);
  writeFileSync(path, "destroyed");
}
writeFileSync(join(to, "model.bin"), "model");
mkdirSync(join(to, "plots/none"), { recursive: true });
writeFileSync(join(to, "plots/one.svg"), "<svg/>");
writeFileSync(join(to, "plots/run.sh"), "#!/bin/sh", { mode: 0o755 });
mkdirSync(join(to, "logs/deep"), { recursive: true });
writeFileSync(join(to, "logs/a"), "log a");
writeFileSync(join(to, "logs/deep/caf\\u00e9 \\u{1F600}"), "log b");
writeFileSync(result, JSON.stringify(found));
`;

const PIPELINE = `import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, getContext, type EntryRef, type JsonValue } from "memodag";

export const dag = new Dag("pipeline");

const make = dag.task("make", async () => {
  const { jobCache } = getContext();
  await jobCache.save("grid", new Uint8Array(${2 * MIB}).fill(3));
  await jobCache.save("tiles/a", "tile a");
  await jobCache.save("tiles/deep/b", "tile b");
  const folder = mkdtempSync(join(tmpdir(), "memodag-assets-"));
  mkdirSync(join(folder, "none"));
  writeFileSync(join(folder, "tool"), "tool");
  chmodSync(join(folder, "tool"), 0o700);
  writeFileSync(join(folder, "large"), new Uint8Array(${MIB}).fill(4));
  await jobCache.save("assets", { folder });
  const one = await jobCache.save("one", "1");
  const two = await jobCache.save("two", "2");
  return { scene: await jobCache.save("scene", "scene"), list: [one, null, two], named: { "x/y": two } };
}, { cache: true });

const work = dag.command<Record<string, JsonValue>>("work", {
  command: ["node", "work.mjs"],
  sources: ["work.mjs"],
  entries: {
    in: {
      "grid.bin": "grid",
      "tiles": "tiles/**",
      "assets": "assets",
      "scene.tif": { argument: "scene" },
      "many/list": { argument: "list" },
      "many/named": { argument: "named" },
    },
    out: { "model.bin": "models/one", "plots": "plots", "logs": "logs/" },
  },
  cache: true,
});

const read = dag.task("read", async ({ entries }: { entries: Readonly<Record<string, EntryRef>> }) => {
  const { jobCache } = getContext();
  const folder = mkdtempSync(join(tmpdir(), "memodag-plots-"));
  const plots = entries["plots"];
  if (!plots) return null;
  await jobCache.download(plots, join(folder, "plots"));
  const names = readdirSync(join(folder, "plots")).sort();
  const isExecutable = (statSync(join(folder, "plots/run.sh")).mode & 0o100) !== 0;
  const texts: Record<string, string> = {};
  for (const [name, ref] of Object.entries(entries)) if (name !== "plots") texts[name] = await jobCache.loadText(ref);
  return { names, isExecutable, svg: readFileSync(join(folder, "plots/one.svg"), "utf8"), texts };
}, { cache: true });

const made = make();
const worked = work({ scene: made.field("scene"), list: made.field("list"), named: made.field("named") });
read({ entries: worked.field("entries") });
`;

function storedFiles(workspace: Workspace): Map<string, string> {
  const root = workspace.path(".memodag/cache/bytes");
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]));
}

describe("a command with entries", () => {
  it.each([
    ["SQLite, bytes in the database", "sqlite", "metadata-db"],
    ["SQLite, bytes in a folder", "sqlite", "filesystem"],
    ["PostgreSQL, bytes in a folder", "postgres", "filesystem"],
  ] as const)(
    "gets and leaves them, and is restored by a hit without moving a byte (%s)",
    async (_, dialect, store) => {
      await using database = await createTestDatabase(dialect);
      const dags = { "pipeline.ts": PIPELINE, "work.mjs": WORK };
      const workspace = workspaceWith(dags, `[job_cache]\nstore = "${store}"\n`, database.url);
      await workspace.memodag(["db", "migrate"]);
      const first = await workspace.json<Report>("dags", "run", "pipeline");
      expect(first.tasks.map(({ taskId, error, cacheStatus }) => [taskId, error, cacheStatus])).toEqual([
        ["make", null, "populated"],
        ["work", null, "populated"],
        ["read", null, "populated"],
      ]);
      const digestOf = (size: number, byte: number) =>
        createHash("sha256").update(new Uint8Array(size).fill(byte)).digest("hex");
      const { entries, result } = await valueOf<{ entries: Record<string, unknown>; result: unknown }>(
        workspace,
        first,
        "work",
      );
      // None is a link to another file.
      expect(result).toEqual({
        "grid.bin": [digestOf(2 * MIB, 3), false, 1],
        "tiles/a": ["tile a", false, 1],
        "tiles/deep/b": ["tile b", false, 1],
        "assets/none": "empty folder",
        "assets/tool": ["tool", true, 1],
        "assets/large": [digestOf(MIB, 4), false, 1],
        "scene.tif": ["scene", false, 1],
        "many/list/0": ["1", false, 1],
        "many/list/2": ["2", false, 1],
        "many/named/x/y": ["2", false, 1],
      });
      expect(Object.keys(entries).sort()).toEqual([
        "logs/a",
        "logs/deep/caf\u00e9 \u{1F600}",
        "model.bin",
        "plots",
      ]);
      expect(entries["model.bin"]).toMatchObject({ cache: "", key: "models/one", sizeBytes: 5 });
      expect(entries["logs/a"]).toMatchObject({ key: "logs/a" });
      expect(await valueOf(workspace, first, "read")).toEqual({
        names: ["none", "one.svg", "run.sh"],
        isExecutable: true,
        svg: "<svg/>",
        texts: { "logs/a": "log a", "logs/deep/caf\u00e9 \u{1F600}": "log b", "model.bin": "model" },
      });
      const ls = await workspace.json<{ key: string; producer: { taskId: string } }[]>(
        "entries",
        "ls",
        "pipeline",
        first.runId,
      );
      expect(ls.filter(({ producer }) => producer.taskId === "work").map(({ key }) => key)).toEqual([
        "logs/a",
        "logs/deep/caf\u00e9 \u{1F600}",
        "models/one",
        "plots",
      ]);

      const second = await workspace.json<Report>("dags", "run", "pipeline");
      expect(statuses(second)).toEqual({ make: "hit", work: "hit", read: "hit" });
      expect(second).toMatchObject({ state: "success", processesSpawned: 0, bytesMoved: 0 });
      // Its files are there for the tasks of this run that need them.
      const third = await workspace.json<Report>("dags", "run", "pipeline", "--no-cache");
      expect(third.state).toBe("success");
      expect(await valueOf(workspace, third, "work")).toEqual({ entries, result });
    },
  );

  it("cannot change what is in the store by writing to what it gets", async () => {
    const dags = { "pipeline.ts": PIPELINE, "work.mjs": WORK };
    const workspace = workspaceWith(dags, FILESYSTEM);
    const first = await workspace.json<Report>("dags", "run", "pipeline");
    expect(first.state).toBe("success");
    const stored = storedFiles(workspace);
    // The program has destroyed all of its files, and another one does so again.
    workspace.write("dags/work.mjs", `${WORK}\n// changed\n`);
    const again = await workspace.json<Report>("dags", "run", "pipeline");
    expect(statuses(again)).toEqual({ make: "hit", work: "populated", read: "hit" });
    expect(storedFiles(workspace)).toEqual(stored);
    for (const path of stored.keys()) expect(statSync(path).nlink).toBe(1);
    const get = (...args: string[]) =>
      workspace.memodag(["entries", "get", "pipeline", first.runId, "plots", ...args]);
    expect(await get()).toMatchObject({ code: 2, stderr: expect.stringContaining("with --output") });
    expect(await get("--output", "nowhere/plots")).toMatchObject({ code: 2 });
    expect(await get("--output", "plots")).toMatchObject({ code: 0 });
    expect(readdirSync(workspace.path("plots")).sort()).toEqual(["none", "one.svg", "run.sh"]);
    expect(await get("--output", "plots")).toMatchObject({ code: 2 });
    const verified = await workspace.memodag(["cache", "verify"]);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("all is sound") });
  });

  it("runs again when what it reads by name is another, and when its files are declared otherwise", async () => {
    const text = (grid: string, key: string, noise = "") => `import { Dag, getContext } from "memodag";
export const dag = new Dag("named");
const make = dag.task("make", async () => void (await getContext().jobCache.save("grid", "${grid}")), { cache: true });
${noise}
dag.command("work", {
  command: ["cp", "-r", "."],
  sources: [],
  entries: { in: { "g": "grid", "other": "others/*" }, out: { "x": "${key}" } },
  cache: true,
});
`;
    const dagText = (grid: string, key: string) =>
      text(grid, key).replace(
        `dag.command("work", {\n  command: ["cp", "-r", "."],`,
        `const work = dag.command("work", {\n  command: ["sh", "-c", 'cp "$MEMODAG_ENTRIES_IN/g" "$MEMODAG_ENTRIES_OUT/x"; ls "$MEMODAG_ENTRIES_IN/other"'],`,
      ) + "work().after(make());\n";
    const workspace = workspaceWith({ "named.ts": dagText("one", "x") }, FILESYSTEM);
    const run = async () => await workspace.json<Report>("dags", "run", "named");
    expect(statuses(await run())).toEqual({ make: "populated", work: "populated" });
    expect(statuses(await run())).toEqual({ make: "hit", work: "hit" });
    workspace.write("dags/named.ts", dagText("two", "x"));
    const changed = await run();
    expect(statuses(changed)).toEqual({ make: "populated", work: "populated" });
    const explained = await workspace.memodag(["cache", "explain", "named", changed.runId, "work"]);
    expect(explained.stdout).toContain("jobCache(grid)");
    expect((await workspace.memodag(["entries", "get", "named", changed.runId, "x"])).stdout).toBe("two");
    workspace.write("dags/named.ts", dagText("two", "y"));
    const declared = await run();
    expect(statuses(declared)).toEqual({ make: "hit", work: "populated" });
    const why = await workspace.memodag(["cache", "explain", "named", declared.runId, "work"]);
    expect(why.stdout).toContain("entries");
  });

  it("is made again when its bytes are gone, and what depends on it is not", async () => {
    const workspace = workspaceWith({ "pipeline.ts": PIPELINE, "work.mjs": WORK }, FILESYSTEM);
    const first = await workspace.json<Report>("dags", "run", "pipeline");
    const { entries } = await valueOf<{ entries: Record<string, { digest: string }> }>(
      workspace,
      first,
      "work",
    );
    const digest = entries["model.bin"]?.digest;
    const lost = [...storedFiles(workspace)].find(([, sha256]) => sha256 === digest)?.[0] ?? "";
    unlinkSync(lost);
    const second = await workspace.json<Report>("dags", "run", "pipeline");
    expect(statuses(second)).toEqual({ make: "hit", work: "populated", read: "hit" });
    expect(second.tasks.find(({ taskId }) => taskId === "work")?.cacheReason).toBe("result_missing");
    expect((await workspace.json<Report>("dags", "run", "pipeline")).processesSpawned).toBe(0);
  });

  it("that cannot be served fails, with the cause and how to remove it", async () => {
    const command = (id: string, script: string, entries: string): string =>
      `dag.command("${id}", { command: ["sh", "-c", ${JSON.stringify(script)}], sources: [], entries: ${entries}, cache: true })`;
    const dagText = `import { Dag, getContext } from "memodag";
export const dag = new Dag("faults");
const make = dag.task("make", async () => {
  const { jobCache } = getContext();
  await jobCache.save("both", "1");
  await jobCache.save("both/inside", "2");
  await jobCache.save("long/" + "x".repeat(300), "3");
  await jobCache.save("evil", "memodag folder 1\\n0000000100\\n" + '{"emptyFolders":[],"files":[{"isExecutable":false,"path":"../evil","sizeBytes":0}]}'.padEnd(100));
}, { cache: true })();
const ok = 'echo > "$MEMODAG_ENTRIES_OUT/x"';
${command("left_nothing", "true", '{ out: { x: "a" } }')}().after(make);
${command("left_a_link", 'ln -s /etc/passwd "$MEMODAG_ENTRIES_OUT/x"', '{ out: { x: "a" } }')}().after(make);
${command("left_a_link_inside", 'mkdir "$MEMODAG_ENTRIES_OUT/x"; ln -s /etc/passwd "$MEMODAG_ENTRIES_OUT/x/y"', '{ out: { x: "a" } }')}().after(make);
${command("left_a_file", 'echo > "$MEMODAG_ENTRIES_OUT/x"', '{ out: { x: "a/" } }')}().after(make);
${command("left_same_names", 'cd "$MEMODAG_ENTRIES_OUT"; echo 1 > "$(printf "caf\\\\303\\\\251")"; echo 2 > "$(printf "cafe\\\\314\\\\201")"', '{ out: "a/" }')}().after(make);
${command("exits", 'echo > "$MEMODAG_ENTRIES_OUT/x"; exit 3', '{ out: { x: "left_by_failure" } }')}().after(make);
${command("misses", "true", '{ in: { x: "nowhere" } }')}().after(make);
${command("mixes", "true", '{ in: { x: "**" } }')}().after(make);
${command("too_long", "true", '{ in: { x: "long/*" } }')}().after(make);
${command("escapes", "true", '{ in: { x: "evil" } }')}().after(make);
${command("takes_no_ref", "true", '{ in: { x: { argument: "a" } } }')}({ a: { b: [1] } }).after(make);
${command("takes_null", "true", '{ in: { x: { argument: "a" } } }')}({ a: null }).after(make);
${command("takes_bad_path", "true", '{ in: { x: { argument: "a" } } }')}({ a: { "../b": null } }).after(make);
`;
    const workspace = workspaceWith({ "faults.ts": dagText }, FILESYSTEM);
    const run = await workspace.json<Report>("dags", "run", "faults");
    const errors = Object.fromEntries(run.tasks.map(({ taskId, error }) => [taskId, error]));
    const invalid = (message: string) => ({
      code: "entry_invalid",
      message: expect.stringContaining(message),
    });
    expect(errors).toEqual({
      make: null,
      left_nothing: invalid('"x" in $MEMODAG_ENTRIES_OUT is not there after the command has ended'),
      left_a_link: invalid('"x" in $MEMODAG_ENTRIES_OUT is a symbolic link'),
      left_a_link_inside: invalid('"y" is a symbolic link: replace it by what it links to'),
      left_a_file: invalid('"x" in $MEMODAG_ENTRIES_OUT is a file, and "a/" is a group of entries'),
      left_same_names: invalid("would be saved under the key of"),
      exits: { code: "task_failed", message: expect.stringContaining("exited with code 3") },
      misses: { code: "cache_entry_not_found", message: expect.stringContaining('no entry "nowhere"') },
      mixes: invalid('"both" is an entry and a group'),
      too_long: invalid("is longer than the name of a file"),
      escapes: invalid('the path "../evil" is not one inside the folder'),
      takes_no_ref: invalid('The argument "a"["b"]["0"] is 1'),
      takes_null: invalid('The argument "a" is null'),
      takes_bad_path: { code: "entry_key_invalid", message: expect.stringContaining("../b") },
    });
    const ls = await workspace.json<{ key: string }[]>("entries", "ls", "faults", run.runId);
    expect(ls.map(({ key }) => key)).toEqual(["both", "both/inside", "evil", `long/${"x".repeat(300)}`]);
  });
});

// Entries of job caches with real workers, on both databases and in a folder: what is saved, restored and noticed.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { createTestDatabase } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport, TaskReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const MIB = 2 ** 20;

const dagText = `import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, getContext, type EntryRef } from "memodag";

export const dag = new Dag("files");

const make = dag.task("make", async ({ size }: { size: number }) => {
  const { jobCache } = getContext();
  const block = new Uint8Array(65536).fill(7);
  async function* blocks() {
    for (let left = size; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
  }
  await jobCache.group("small").save("a", "first");
  await jobCache.save("small/b", "second");
  return await jobCache.save("large.bin", blocks());
}, { cache: true });

const digest = dag.task("digest", async ({ large }: { large: EntryRef }) => {
  const { jobCache } = getContext();
  const hash = createHash("sha256");
  for await (const chunk of await jobCache.open(large)) hash.update(chunk);
  return hash.digest("hex");
}, { cache: true });

const copy = dag.task("copy", async ({ large }: { large: EntryRef }) => {
  const { jobCache } = getContext();
  const path = join(tmpdir(), "memodag-copy-" + process.pid);
  await jobCache.download(large, path);
  const again = await jobCache.save("copied.bin", { file: path });
  return again.digest === large.digest;
}, { cache: true });

const list = dag.task("list", async () => {
  const names: string[] = [];
  for await (const [key, bytes] of getContext().jobCache.group("small").items())
    names.push(key + "=" + new TextDecoder().decode(bytes));
  return names;
}, { cache: { reads: ["small/*"] } });

const peek = dag.task("peek", async () => await getContext().jobCache.loadText("small/a"), { cache: true });

const made = make({ size: ${2 * MIB} });
digest({ large: made });
copy({ large: made });
list().after(made);
peek().after(made);
`;

const statuses = ({ tasks }: RunReport): Record<string, string | null> =>
  Object.fromEntries(tasks.map(({ taskId, cacheStatus }: TaskReport) => [taskId, cacheStatus]));

type Report = RunReport & { readonly bytesMoved: number };

const workspaces: Workspace[] = [];
afterEach(async () => {
  for (const workspace of workspaces.splice(0)) await workspace.remove();
});

function workspaceWith(config: string, databaseUrl?: string, text = dagText): Workspace {
  const workspace = new Workspace({
    config,
    dags: { "files.ts": text },
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  workspaces.push(workspace);
  return workspace;
}

describe("the job cache of a run", () => {
  it.each([
    ["SQLite, bytes in the database", "sqlite", "metadata-db"],
    ["SQLite, bytes in a folder", "sqlite", "filesystem"],
    ["PostgreSQL, bytes in the database", "postgres", "metadata-db"],
    ["PostgreSQL, bytes in a folder", "postgres", "filesystem"],
  ] as const)("is restored by hits without moving a byte (%s)", async (_, dialect, store) => {
    await using database = await createTestDatabase(dialect);
    const workspace = workspaceWith(`[job_cache]\nstore = "${store}"\n`, database.url);
    await workspace.memodag(["db", "migrate"]);
    const first = await workspace.json<Report>("dags", "run", "files");
    expect({ state: first.state, statuses: statuses(first), tasks: first.tasks }).toMatchObject({
      state: "success",
      statuses: {
        make: "populated",
        digest: "populated",
        copy: "populated",
        list: "populated",
        peek: "uncacheable",
      },
    });
    const expected = createHash("sha256")
      .update(new Uint8Array(2 * MIB).fill(7))
      .digest("hex");
    const value = async (taskId: string) =>
      (await workspace.memodag(["tasks", "xcom", "files", first.runId, taskId, "--json"])).stdout;
    expect(await value("digest")).toContain(expected);
    expect(await value("copy")).toContain("true");
    expect(await value("list")).toContain("a=first");
    expect(first.tasks.find(({ taskId }) => taskId === "peek")?.cacheReason).toBe(
      "undeclared_input(jobCache(small/a))",
    );
    expect(first.bytesMoved).toBeGreaterThan(4 * MIB);

    const second = await workspace.json<Report>("dags", "run", "files");
    expect(statuses(second)).toEqual({
      make: "hit",
      digest: "hit",
      copy: "hit",
      list: "hit",
      peek: "uncacheable",
    });
    // `peek` reads five bytes.
    expect(second).toMatchObject({ state: "success", processesSpawned: 1, bytesMoved: 5 });
  });

  it("is made again when its bytes are gone", async () => {
    const workspace = workspaceWith('[job_cache]\nstore = "filesystem"\n');
    await workspace.json<Report>("dags", "run", "files");
    rmSync(workspace.path(".memodag/cache/bytes"), { recursive: true });
    const second = await workspace.json<Report>("dags", "run", "files");
    expect(second.state).toBe("success");
    expect(statuses(second)).toMatchObject({
      make: "populated",
      digest: "hit",
      // Its file is the one that `make` has put back.
      copy: "hit",
      list: "hit",
    });
    expect(second.tasks.find(({ taskId }) => taskId === "make")?.cacheReason).toBe("result_missing");
    const third = await workspace.json<Report>("dags", "run", "files");
    expect(statuses(third)).toMatchObject({ make: "hit", digest: "hit", copy: "hit", list: "hit" });
  });

  it("holds a file of any size in neither worker nor scheduler", async () => {
    const text = `import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, getContext, type EntryRef } from "memodag";
export const dag = new Dag("files");
const make = dag.task("make", async () => {
  const path = join(tmpdir(), "memodag-large-" + process.pid);
  const file = openSync(path, "w");
  ftruncateSync(file, 300 * 1024 ** 2);
  writeSync(file, "end", 300 * 1024 ** 2 - 3);
  closeSync(file);
  const ref = await getContext().jobCache.save("large", { file: path });
  getContext().xcom.push("maxRss", process.resourceUsage().maxRSS * 1024);
  return ref;
});
const read = dag.task("read", async ({ ref }: { ref: EntryRef }) => {
  let size = 0;
  for await (const chunk of await getContext().jobCache.open(ref)) size += chunk.length;
  getContext().xcom.push("maxRss", process.resourceUsage().maxRSS * 1024);
  return size;
});
read({ ref: make() });
`;
    const workspace = workspaceWith(
      '[job_cache]\nstore = "filesystem"\nmax_entry_size = "1GiB"\n',
      undefined,
      text,
    );
    const run = await workspace.json<Report>("dags", "run", "files");
    expect(run).toMatchObject({ state: "success", tasks: [{ error: null }, { error: null }] });
    for (const taskId of ["make", "read"]) {
      const { stdout } = await workspace.memodag(["tasks", "xcom", "files", run.runId, taskId, "--json"]);
      const rss = Number(/(?<bytes>\d{8,})/.exec(stdout.split("maxRss")[1] ?? "")?.groups?.["bytes"]);
      expect(rss).toBeLessThan(150 * MIB);
    }
  });

  it.each([
    ["a stream", "disk_failed"],
    ["a file", "cache_store_failed"],
  ])("of a full disk fails the task that saves %s, and leaves nothing", async (what, code) => {
    const text = `import { writeFileSync } from "node:fs";
import { Dag, getContext } from "memodag";
export const dag = new Dag("files");
async function* blocks() {
  for (let index = 0; index < 12; index += 1) yield new Uint8Array(${MIB}).fill(index);
}
dag.task("large", () => getContext().jobCache.save("large", ${what === "a file" ? "{ file: process.env.LARGE_FILE! }" : "blocks()"}), { cache: { env: ["LARGE_FILE"], trust: ["file_reads"] }, retries: 0 })();
dag.task("small", () => getContext().jobCache.save("small", "a few bytes"), { cache: true, retries: 0 })();
`;
    const workspace = workspaceWith(
      '[job_cache]\nstore = "filesystem"\nmax_entry_size = "1GiB"\n',
      undefined,
      text,
    );
    workspace.write("large.bin", "x".repeat(12 * MIB));
    const run = async (shell: string): Promise<Report> => {
      const env = { ...process.env, LARGE_FILE: workspace.path("large.bin") };
      const args = [
        "-c",
        `${shell} exec "$@"`,
        "sh",
        process.execPath,
        workspace.bin,
        "dags",
        "run",
        "files",
        "--json",
      ];
      const ended = await promisify(execFile)("sh", args, { cwd: workspace.folder, env }).catch(
        (error: unknown) => error as { readonly stdout: string },
      );
      return JSON.parse(ended.stdout) as Report;
    };
    // A limit on the length of files is a disk that is full after so many bytes, without a disk.
    const full = await run(`ulimit -f ${(8 * MIB) / 512} &&`);
    expect(full.tasks).toMatchObject([
      { taskId: "large", state: "failed", error: { code } },
      { taskId: "small", state: "success", cacheStatus: "populated" },
    ]);
    const stored = readdirSync(workspace.path(".memodag/cache/bytes"), {
      recursive: true,
      withFileTypes: true,
    });
    expect(stored.filter((file) => file.isFile())).toHaveLength(1);
    const roomy = await run("");
    expect(roomy).toMatchObject({ state: "success" });
    expect(statuses(roomy)).toEqual({ large: "populated", small: "hit" });
  });

  it("keeps nothing of attempts that fail, and what was saved at once", async () => {
    const text = `import { Dag, getContext } from "memodag";
export const dag = new Dag("files");
const flaky = dag.task("flaky", async () => {
  const { jobCache, taskInstance } = getContext();
  if (taskInstance.tryNumber === 1) {
    await jobCache.save("lost", "1");
    await jobCache.save("checkpoint", "2", { now: true });
    throw new Error("the first try fails");
  }
  return [await jobCache.has("lost"), await jobCache.loadText("checkpoint")];
}, { retries: 1, retryDelay: 0 });
flaky();
`;
    const workspace = workspaceWith("", undefined, text);
    const run = await workspace.json<Report>("dags", "run", "files");
    expect(run.state).toBe("success");
    const { stdout } = await workspace.memodag(["tasks", "xcom", "files", run.runId, "flaky", "--json"]);
    expect(JSON.stringify(JSON.parse(stdout))).toContain('[false,"2"]');
  });
});

// Entries and folders in a bucket of Google Cloud Storage: uploaded by a worker, which has no credentials.

import { startGoogleStorage, type GoogleStorageServer } from "@memodag/test-servers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const dagText = `import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, getContext, type EntryRef } from "memodag";

export const dag = new Dag("shapes");

const make = dag.task("make", async () => {
  const { jobCache } = getContext();
  const folder = mkdtempSync(join(tmpdir(), "memodag-shapes-"));
  writeFileSync(join(folder, "half"), new Uint8Array(2 ** 20).fill(1));
  await jobCache.save("empty", "");
  await jobCache.save("folder", { folder });
  return await jobCache.save("large", new Uint8Array(3 * 2 ** 20).fill(7));
}, { cache: true });
const copy = dag.command("copy", {
  command: ["cp", "-r", "."],
  sources: [],
  entries: { in: { large: { argument: "large" }, folder: "folder", empty: "empty" }, out: { all: "all" } },
  cache: true,
});
const read = dag.task("read", async ({ large }: { large: EntryRef }) => {
  const hash = createHash("sha256");
  for await (const chunk of await getContext().jobCache.open(large)) hash.update(chunk);
  return hash.digest("hex") === large.digest;
}, { cache: true });
const made = make();
copy({ large: made });
read({ large: made });
`.replace(`["cp", "-r", "."]`, `["sh", "-c", 'cp -r "$MEMODAG_ENTRIES_IN" "$MEMODAG_ENTRIES_OUT/all"']`);

let server: GoogleStorageServer;
let workspace: Workspace;
beforeAll(async () => {
  server = await startGoogleStorage();
  workspace = new Workspace({
    dags: { "shapes.ts": dagText },
    config: `[job_cache]
store = "bucket"
[task_cache]
lookup_timeout = "5s"
[[stores]]
name = "bucket"
kind = "gcs"
bucket = "${server.bucket}"
prefix = "entries"
endpoint = "${server.endpoint}"
`,
  });
}, 300_000);
afterAll(async () => {
  await workspace.remove();
  await server.stop();
});

it("are cached, and restored without a byte", async () => {
  const run = () => workspace.json<RunReport & { bytesMoved: number }>("dags", "run", "shapes");
  const first = await run();
  expect(first.tasks.map(({ taskId, cacheStatus, error }) => [taskId, cacheStatus, error])).toEqual([
    ["make", "populated", null],
    ["copy", "populated", null],
    ["read", "populated", null],
  ]);
  // 3 + 1 MiB are saved and read by the command, which saves both again; the handler reads 3 MiB.
  expect(first.bytesMoved).toBeGreaterThan(14 * 2 ** 20);
  const second = await run();
  expect(second).toMatchObject({ state: "success", processesSpawned: 0, bytesMoved: 0, cache: { hit: 3 } });
  const got = await workspace.memodag(["entries", "get", "shapes", second.runId, "all", "--output", "all"]);
  expect(got).toMatchObject({ code: 0, stderr: "" });
});

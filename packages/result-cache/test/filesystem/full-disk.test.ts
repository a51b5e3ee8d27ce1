import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { entry } from "../entries.ts";
import { ManualClock } from "@memodag/core/testing";
import type { WriteReport } from "./large-write-process.ts";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";

const run = promisify(execFile);
const WRITER = join(import.meta.dirname, "large-write-process.ts");

let scratch: ScratchFolder;

beforeEach(async () => {
  scratch = await makeScratchFolder();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await scratch.remove();
});

describe("a disk that fills up", () => {
  test("while bytes are written leaves nothing half-written", async () => {
    // A limit on the length of files is a disk that is full after so many bytes, without a disk.
    const { stdout } = await run("sh", [
      "-c",
      'ulimit -f 16 && exec "$@"',
      "sh",
      process.execPath,
      "--conditions=source",
      WRITER,
      scratch.path,
    ]);
    expect(JSON.parse(stdout)).toEqual<WriteReport[]>([
      { wrote: "small" },
      { code: "cache_backend_failed", errno: "EFBIG" },
      { code: "cache_backend_failed", errno: "EFBIG" },
    ]);
    const digest = sha256("small");
    expect(await scratch.files()).toEqual([`results/team-ml/${digest.slice(0, 2)}/${digest}`]);
  });

  test("when bytes are synced leaves what was there", async () => {
    const records = new FilesystemRecordStore(scratch.path, new ManualClock());
    const results = new FilesystemResultStore(scratch.path, new ManualClock());
    const { record, xcoms } = entry("1");
    const [{ digest, bytes }] = xcoms as [(typeof xcoms)[number]];
    const put = (taskId: string) =>
      records.put({ ...record, taskId, xcoms: [{ key: "return_value", digest, sizeBytes: 1 }] }, "replace");
    await results.write("ml", [{ digest, bytes }]);
    await put("before");
    const before = await scratch.files();

    await fillDisk(scratch.path);
    const full = { code: "cache_backend_failed", message: expect.stringMatching(/ENOSPC.*room$/) as string };
    await expect(put("after")).rejects.toMatchObject(full);
    await expect(records.touch("ml", [{ key: record.key, count: 1 }])).rejects.toMatchObject(full);
    await expect(results.write("ml", [{ digest, bytes: new Uint8Array(9) }])).rejects.toMatchObject(full);
    expect(await scratch.files()).toEqual(before);
    expect((await records.find("ml", [record.key])).get(record.key)).toMatchObject({
      taskId: "before",
      hitCount: 0,
    });
    expect((await results.read("ml", [digest])).get(digest)).toEqual(Buffer.from(bytes));

    vi.restoreAllMocks();
    expect(await put("after")).toEqual({ kind: "stored" });
  });
});

/** Makes every sync in this process fail as on a full disk. */
async function fillDisk(folder: string): Promise<void> {
  await using file = await open(folder, "r");
  const prototype = Object.getPrototypeOf(file) as { sync(): Promise<void> };
  const noSpace = Object.assign(new Error("ENOSPC: no space left on device, fsync"), {
    code: "ENOSPC",
    syscall: "fsync",
  });
  vi.spyOn(prototype, "sync").mockRejectedValue(noSpace);
}

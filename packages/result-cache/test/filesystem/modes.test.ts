import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOfBytes, systemClock } from "@memodag/core";
import { expect, it } from "vitest";
import { FilesystemRecordStore } from "../../src/filesystem/filesystem-record-store.ts";
import { FilesystemResultStore } from "../../src/filesystem/filesystem-result-store.ts";
import { sampleRecord } from "../../src/testing/sample-record.ts";

it("makes files and folders that their user alone can look into", async () => {
  const root = join(mkdtempSync(join(tmpdir(), "memodag-modes-")), "cache");
  try {
    const bytes = new TextEncoder().encode("1");
    await new FilesystemResultStore(root, systemClock).write("a", [
      { digest: await digestOfBytes(bytes), bytes },
    ]);
    await new FilesystemRecordStore(root, systemClock).put(sampleRecord("one", { team: "a" }), "keep-live");
    const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name));
    const modes = [root, ...paths]
      .map((path) => statSync(path))
      .map((stat) => [stat.isFile(), stat.mode & 0o777]);
    expect(modes.filter(([isFile, mode]) => mode !== (isFile ? 0o600 : 0o700))).toEqual([]);
    expect(modes.filter(([isFile]) => isFile)).toHaveLength(2);
  } finally {
    rmSync(join(root, ".."), { recursive: true });
  }
});

// Scopes that share a folder: records apart, results together.

import { sha256, systemClock, type Clock } from "@memodag/core";
import { expect, test } from "vitest";
import { Collector, FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { sampleRecord } from "../../src/testing/index.ts";
import { makeScratchFolder } from "./scratch-folder.ts";

const DAY = 86_400_000;

test.each(["default", "ci", "prod"])(
  "a collection in %s leaves the results that any scope names",
  async (own) => {
    await using scratch = await scratchFolder();
    // Files have the host's times.
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + DAY };
    const results = new FilesystemResultStore(scratch.path, clock);
    const textOf = (name: string): Uint8Array => Buffer.from(JSON.stringify(name));
    for (const scope of ["default", "ci", "prod"]) {
      const bytes = textOf(scope);
      const xcoms = [{ key: "return_value", digest: sha256(bytes), sizeBytes: bytes.length }];
      const records = new FilesystemRecordStore(scratch.path, systemClock, scope);
      // The same key: a record of one scope is none of another.
      await records.put({ ...sampleRecord("one", { team: "red", ttlMs: null }), xcoms }, "keep-live");
      await results.write("red", [{ digest: sha256(bytes), bytes }]);
    }
    const loose = textOf("named by none");
    await results.write("red", [{ digest: sha256(loose), bytes: loose }]);

    const records = new FilesystemRecordStore(scratch.path, clock, own);
    expect(await records.count({})).toBe(1);
    const parts = {
      records: await records.retention(),
      results: [await results.retention()],
      maxSizeBytes: null,
    };
    const { bytes } = await new Collector(parts).collect();

    expect(bytes.count).toBe(1);
    const digests = ["default", "ci", "prod"].map((scope) => sha256(textOf(scope)));
    expect((await results.read("red", [...digests, sha256(loose)])).size).toBe(3);
  },
);

async function scratchFolder() {
  const folder = await makeScratchFolder();
  return Object.assign(folder, { [Symbol.asyncDispose]: () => folder.remove() });
}

// A SQLite file that is removed or replaced while it is open: what is written then would be lost without a word.

import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findDatabaseFault } from "../src/database-fault.ts";
import { openMetastore, type Metastore } from "../src/index.ts";
import { newRun, saveDag } from "./dags-and-runs.ts";

let folder: string;
let file: string;
let metastore: Metastore;
let version: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "memodag-moved-"));
  file = join(folder, "metadata.db");
  metastore = await openMetastore(`sqlite:${file}`);
  await metastore.migrate();
  version = await saveDag(metastore, "d");
});
afterEach(async () => {
  await metastore.close();
  rmSync(folder, { recursive: true, force: true });
});

const WAYS: Readonly<Record<string, () => void>> = {
  removed: () => rmSync(file),
  "moved away": () => renameSync(file, `${file}.old`),
  "replaced by a backup": () => {
    copyFileSync(file, `${file}.backup`);
    renameSync(`${file}.backup`, file);
  },
};

test.each(Object.entries(WAYS))(
  "%s: nothing more is written, and the error says why",
  async (_name, lose) => {
    lose();
    const writes = async (): Promise<unknown> => {
      for (let number = 0; ; number += 1) {
        try {
          await metastore.runs.createRun(newRun("d", version, { runId: `r${number}` }));
        } catch (error) {
          return error;
        }
      }
    };
    const error = await writes();
    expect(findDatabaseFault(error)).toMatchObject({
      code: "database_failed",
      message: expect.stringMatching(
        /was removed or replaced while it was open.*put the file back, or restart/,
      ),
    });
    await expect(metastore.readClock()).rejects.toThrow(/removed or replaced/);
  },
);

test("one that is put back is used again", async () => {
  renameSync(file, `${file}.old`);
  await expect.poll(() => metastore.readClock().catch(() => "away"), { timeout: 10_000 }).toBe("away");
  renameSync(`${file}.old`, file);
  expect(await metastore.readClock()).toBeGreaterThan(0);
});

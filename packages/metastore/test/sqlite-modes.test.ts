import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openMetastore } from "../src/index.ts";

it("makes a SQLite file, and those beside it, that their user alone can read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "memodag-modes-"));
  const below = join(folder, "state");
  try {
    const metastore = await openMetastore(`sqlite:${join(below, "metadata.db")}`);
    await metastore.migrate();
    const modes = readdirSync(below).map((name) => [name, statSync(join(below, name)).mode & 0o777]);
    await metastore.close();
    expect(modes.toSorted()).toEqual([
      ["metadata.db", 0o600],
      ["metadata.db-shm", 0o600],
      ["metadata.db-wal", 0o600],
    ]);
    expect(statSync(below).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMetastore, redactUrl } from "@memodag/metastore";
import { createTestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRun } from "./dags-and-runs.ts";

describe("opening a metadata database", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "memodag-open-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("makes a SQLite file and its folder, relative to the folder given", async () => {
    const metastore = await openMetastore("sqlite:a/b/metadata.db", { folder });
    expect(metastore.dialect).toBe("sqlite");
    expect(existsSync(join(folder, "a/b/metadata.db"))).toBe(true);
    await metastore.close();
    await metastore.close();
  });

  test("keeps a database in memory", async () => {
    const metastore = await openMetastore("sqlite::memory:");
    await metastore.migrate();
    expect(await createRun(metastore, "dag")).toMatchObject({ dagId: "dag" });
    await metastore.close();
  });

  test("closes a PostgreSQL database that nothing was asked of, and again", async () => {
    await using database = await createTestDatabase("postgres");
    const metastore = await openMetastore(database.url);
    expect(metastore.dialect).toBe("postgres");
    await metastore.close();
    await metastore.close();
  });

  test.each([
    ["mysql://localhost/x", "names no database"],
    ["sqlite:", "names no database"],
    ["metadata.db", "names no database"],
    ["postgres://user:hunter2@[bad/x", "names no database"],
    ["postgres://user:hunter2@127.0.0.1:1/x", "check that it runs"],
    ["postgres://user:hunter2@no-such-host.invalid/x", "check that it runs"],
  ])("refuses %s without showing the password", async (url, mend) => {
    const error = await openMetastore(url).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: "database_unreachable", message: expect.stringContaining(mend) });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect((error as Error).message).not.toContain("hunter2");
  });

  test("names a file that is no database, and a folder that is none", async () => {
    const file = join(folder, "notes.txt");
    writeFileSync(file, "these are notes and not a database, however long they are\n".repeat(20));
    chmodSync(file, 0o600);
    for (const url of [`sqlite:${file}`, `sqlite:${file}/metadata.db`, `sqlite:${folder}`]) {
      await expect(openMetastore(url)).rejects.toMatchObject({
        code: "database_unreachable",
        fields: { url },
        message: expect.stringContaining("[database] url"),
      });
    }
  });

  test("hides passwords wherever a url has them", () => {
    expect(redactUrl("postgres://me:se@c:ret@host/x?password=secret&sslmode=require")).toBe(
      "postgres://me:***@host/x?password=***&sslmode=require",
    );
    expect(redactUrl("postgres://me@host/x")).toBe("postgres://me@host/x");
    expect(redactUrl("sqlite:a/b@c:d.db")).toBe("sqlite:a/b@c:d.db");
  });
});

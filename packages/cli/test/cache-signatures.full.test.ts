import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordReport, ShownRecord } from "@memodag/operations/cache";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const BUNDLE = '[[bundles]]\nname = "dags"\npath = "dags"\n';

describe.each(TEST_DIALECTS)("signatures on %s", (dialect) => {
  it("are made with a key from keygen, listed, shown as an envelope, and decide about hits", async () => {
    const database = await createTestDatabase(dialect);
    const config = `[database]\nurl = ${JSON.stringify(database.url)}\n${BUNDLE}`;
    const project = new Project(config);
    try {
      await project.run("db", "migrate");
      const keyFile = join(project.folder, "signing.key");
      const made = await project.json<{ publicKey: string; keyId: string }>(
        "cache",
        "keygen",
        "--out",
        keyFile,
      );
      const again = await project.run("cache", "keygen", "--out", keyFile);
      expect(again.stderr).toContain("exists: choose another file");
      await project.run("dags", "run", "shapes");
      writeFileSync(
        join(project.folder, "memodag.toml"),
        `${config}[signatures]\nmode = "strict"\nkey_file = "signing.key"\npublic_keys = "${made.publicKey}"\n`,
      );
      const states = async (): Promise<string[]> =>
        (await project.json<RecordReport[]>("cache", "ls")).map(({ signature }) => signature);
      expect(new Set(await states())).toEqual(new Set(["none"]));
      const report = await project.json<{ tasks?: unknown }>("dags", "run", "shapes");
      expect(JSON.stringify(report)).toContain("unsigned");
      expect(new Set(await states())).toEqual(new Set(["valid"]));
      expect(await project.json("cache", "verify")).toMatchObject({
        ok: true,
        seals: { right: 4, wrong: 0 },
      });
      const [first] = await project.json<RecordReport[]>("cache", "ls", "--task", "sum");
      const shown = await project.json<ShownRecord>("cache", "show", first!.key);
      expect(shown.attestation?.signatures).toMatchObject([{ keyid: made.keyId }]);
      await database.execute("update cache_record set producer_run_id = 'forged' where task_id = 'sum'");
      const [forged] = await project.json<RecordReport[]>("cache", "ls", "--task", "sum");
      expect(forged).toMatchObject({ signature: "invalid" });
      expect(JSON.stringify(await project.json("dags", "run", "shapes"))).toContain("signature_invalid");
      expect(new Set(await states())).toEqual(new Set(["valid"]));
      expect(readFileSync(keyFile, "utf8")).toMatch(/^MC4CAQ/);
    } finally {
      project.remove();
      await database.drop();
    }
  });
});

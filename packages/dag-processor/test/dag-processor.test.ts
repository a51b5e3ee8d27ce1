import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dagSource, Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
});

afterEach(() => project.remove());

/** What came of each file, in short. */
async function kinds(): Promise<string[]> {
  const { files } = await project.process();
  return files.map(({ kind, path }) => `${kind} ${path}`);
}

describe("processBundle", () => {
  it("reads the files that import the SDK, and no others", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await project.write(
      "dags/deep/er/two.mjs",
      `import { Dag } from "memodag"; export const d = new Dag("two");`,
    );
    await project.write("dags/lib/helper.ts", "export const limit = 3;");
    await project.write("dags/one.test.ts", dagSource("test"));
    await project.write("dags/one.d.ts", `import { Dag } from "memodag"; export declare const d: Dag;`);
    await project.write("dags/.hidden/three.ts", dagSource("three"));
    await project.write("dags/node_modules/pkg/four.ts", dagSource("four"));
    const { files } = await project.process();
    expect(files).toEqual([
      { kind: "read", path: "deep/er/two.mjs", dagIds: ["two"] },
      { kind: "read", path: "one.ts", dagIds: ["one"] },
    ]);
  });

  it("stores the artifact by digest, and the digest and source hashes in the Dag", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await project.process();
    const dag = project.dag("one");
    const artifact = await project.store.getArtifact(dag.artifactDigest);
    expect(sha256(artifact.code)).toBe(dag.artifactDigest);
    expect(dag.tasks.map(({ sourceHash }) => sourceHash)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it("skips what is unchanged, a touched file included", async () => {
    await project.write("dags/one.ts", dagSource("one", "limit", `import { limit } from "./limit.ts";`));
    await project.write("dags/limit.ts", "export const limit = 3;");
    expect(await kinds()).toEqual(["read one.ts"]);
    await utimes(join(project.root, "dags/one.ts"), 1, 1);
    expect(await kinds()).toEqual(["unchanged one.ts"]);
    expect(project.store.saves).toHaveLength(1);
  });

  it.each([
    ["a file it imports", "dags/limit.ts", "export const limit = 4;"],
    ["a file that is found before the one it imported", "dags/rows.ts", "export const rows = 2;"],
    ["the lockfile", "package-lock.json", `{ "lockfileVersion": 3 }`],
    ["a package.json that says how it is read", "dags/package.json", `{ "type": "module" }`],
  ])("reads a file again after a change of %s", async (_what, path, text) => {
    await project.write(
      "dags/one.ts",
      dagSource("one", "limit + rows", `import { limit } from "./limit.ts"; import { rows } from "./rows";`),
    );
    await project.write("dags/limit.ts", "export const limit = 3;");
    await project.write("dags/rows/index.ts", "export const rows = 1;");
    await project.write("dags/two.ts", dagSource("two", "2", `import "./never.ts";`));
    await project.write("dags/never.ts", "export {};");
    await kinds();
    await project.write(path, text);
    expect(await kinds()).toContain("read one.ts");
    expect(await kinds()).toEqual(["unchanged one.ts", "unchanged two.ts"]);
  });

  it("changes the source hash with the code, not with comments, and with a package's version", async () => {
    await project.install("dags", "rows", "1.0.0", "export default 1;");
    const source = dagSource("one", "rows", `import rows from "rows";`);
    const hash = async (): Promise<string> => {
      await project.process();
      return project.dag("one").tasks[0]!.sourceHash;
    };
    await project.write("dags/one.ts", source);
    const before = await hash();
    await project.write("dags/one.ts", `// What it does\n${source}`);
    expect(await hash()).toBe(before);
    await project.install("dags", "rows", "1.0.1", "export default 1;");
    await project.write("package-lock.json", `{ "rows": "1.0.1" }`);
    const after = await hash();
    expect(after).not.toBe(before);
    await project.write("dags/one.ts", source.replace("=> rows", "=> rows + 1"));
    expect(await hash()).not.toBe(after);
  });

  it("forgets files that are gone, and their Dags", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await project.write("dags/two.ts", dagSource("two"));
    await project.process();
    await rm(join(project.root, "dags/one.ts"));
    expect(await kinds()).toEqual(["unchanged two.ts"]);
    expect([...project.store.dags.keys()]).toEqual(["default:two"]);
  });

  it("keeps the last good version of a file that breaks, and goes on with others", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await project.process();
    const good = project.dag("one");
    await project.write("dags/one.ts", dagSource("one", "1 +* 2"));
    await project.write("dags/two.ts", dagSource("two"));
    expect(await kinds()).toEqual(["broken one.ts", "read two.ts"]);
    expect(project.dag("one")).toEqual(good);
    await project.write("dags/one.ts", dagSource("one", "1 + 2"));
    expect(await kinds()).toEqual(["read one.ts", "unchanged two.ts"]);
    expect(project.dag("one")).not.toEqual(good);
    expect(project.store.files.get("main:one.ts")?.error).toBeNull();
  });

  it("tries a broken file again when what it lacked has come", async () => {
    await project.write("dags/one.ts", dagSource("one", "rows", `import { rows } from "./rows.ts";`));
    expect(await kinds()).toEqual(["broken one.ts"]);
    await project.write("dags/rows.ts", "export const rows = 1;");
    expect(await kinds()).toEqual(["read one.ts"]);
  });

  it("reads all files again for a bundle that changed hands", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await project.process();
    const { files } = await project.processor().processBundle({ ...project.bundle, team: "ml" });
    expect(files).toMatchObject([{ kind: "read" }]);
    expect(project.store.dags.has("ml:one")).toBe(true);
  });

  it("reads a file that imports the SDK and makes no Dag as one without Dags", async () => {
    await project.write(
      "dags/make.ts",
      `import { Dag } from "memodag"; export const make = (id: string) => new Dag(id);`,
    );
    await project.write(
      "dags/names.ts",
      `import type { Dag } from "memodag"; export type Names = keyof Dag;`,
    );
    await project.write(
      "dags/one.ts",
      `import "memodag"; import { make } from "./make.ts"; export const dag = make("one");`,
    );
    const { files } = await project.process();
    expect(files).toEqual([
      { kind: "read", path: "make.ts", dagIds: [] },
      { kind: "read", path: "names.ts", dagIds: [] },
      { kind: "read", path: "one.ts", dagIds: ["one"] },
    ]);
  });

  it("refuses a bundle whose folder is not there", async () => {
    await expect(project.process()).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("shows a Dag file no setting of memodag", async () => {
    process.env["MEMODAG__DATABASE__URL"] = "postgres://secret";
    process.env["PLAIN"] = "seen";
    try {
      await project.write(
        "dags/one.ts",
        `import { Dag } from "memodag";
         const seen = Object.keys(process.env).filter((name) => name.startsWith("MEMODAG"));
         export const dag = new Dag([process.env.PLAIN, ...seen].join());`,
      );
      expect((await project.process()).files).toMatchObject([{ dagIds: ["seen"] }]);
    } finally {
      delete process.env["MEMODAG__DATABASE__URL"];
      delete process.env["PLAIN"];
    }
  });
});

describe("a dag id that two files have", () => {
  it("stays with the first, and the second names both", async () => {
    await project.write("dags/a.ts", dagSource("same"));
    await project.write("dags/b.ts", dagSource("same"));
    const { files } = await project.process();
    expect(files).toMatchObject([
      { kind: "read", path: "a.ts" },
      {
        kind: "broken",
        path: "b.ts",
        error: { file: "b.ts", message: expect.stringMatching(/same.* b\.ts .*already.* a\.ts/) },
      },
    ]);
    expect(project.store.dags.get("default:same")?.file.path).toBe("a.ts");
  });

  it("stays with who has it, whatever comes new", async () => {
    await project.write("dags/b.ts", dagSource("same"));
    await project.process();
    await project.write("dags/a.ts", dagSource("same"));
    expect(await kinds()).toEqual(["broken a.ts", "unchanged b.ts"]);
    await project.write("dags/b.ts", dagSource("other"));
    expect(await kinds()).toEqual(["read a.ts", "read b.ts"]);
    expect(project.store.dags.get("default:same")?.file.path).toBe("a.ts");
  });

  it("moves down a chain of files in one pass", async () => {
    for (const [index, id] of ["x", "y", "z"].entries())
      await project.write(`dags/${index}.ts`, dagSource(id));
    await project.process();
    for (const [index, id] of ["y", "z", "new"].entries()) {
      await project.write(`dags/${index}.ts`, dagSource(id));
    }
    const { files } = await project.process();
    expect(files.map(({ kind }) => kind)).toEqual(["read", "read", "read"]);
    expect([...project.store.dags.keys()].sort()).toEqual(["default:new", "default:y", "default:z"]);
  });

  it("is refused when another process has given it away meanwhile", async () => {
    await project.write("other/a.ts", dagSource("same"));
    const other = { name: "other", path: join(project.root, "other"), team: "default" };
    await project.processor().processBundle(other);
    project.store.listDags = () => Promise.resolve([]);
    await project.write("dags/a.ts", dagSource("same"));
    const { files } = await project.process();
    expect(files).toMatchObject([
      { kind: "broken", error: { file: "a.ts", message: expect.stringContaining("same") } },
    ]);
    expect(project.store.dags.get("default:same")?.file.bundle).toBe("other");
  });

  it("is nobody's matter between teams", async () => {
    await project.write("dags/a.ts", dagSource("same"));
    await project.process();
    await project.write("other/a.ts", dagSource("same"));
    const other = { name: "other", path: join(project.root, "other"), team: "ml" };
    expect((await project.processor().processBundle(other)).files).toMatchObject([{ kind: "read" }]);
    const sameTeam = { ...other, name: "third", team: "default" };
    expect((await project.processor().processBundle(sameTeam)).files).toMatchObject([{ kind: "broken" }]);
  });
});

describe("a Dag that its team cannot use here", () => {
  it("makes its file broken, with the reason, until it can", async () => {
    await project.write("dags/a.ts", dagSource("a"));
    const findFault = (team: string, { dagId }: { readonly dagId: string }) => `${dagId} is not for ${team}`;
    expect((await project.process({ findFault })).files).toMatchObject([
      { kind: "broken", error: { file: "a.ts", message: "a is not for default" } },
    ]);
    expect((await project.process({ findFault: () => undefined })).files).toMatchObject([{ kind: "read" }]);
    expect((await project.process()).files).toMatchObject([{ kind: "unchanged" }]);
  });
});

describe("processBundles", () => {
  it("forgets the files of bundles that the config no longer has", async () => {
    await project.write("dags/a.ts", dagSource("same"));
    await project.process();
    const renamed = { ...project.bundle, name: "renamed" };
    const [summary] = await project.processor().processBundles([renamed]);
    expect(summary?.files).toMatchObject([{ kind: "read" }]);
    expect((await project.store.listDagFiles()).map(({ bundle }) => bundle)).toEqual(["renamed"]);
  });
});

import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatAnchoredSpecifier } from "../src/index.ts";
import { materializeArtifact } from "../src/materialize-artifact.ts";
import { loadInChild, type LoadReport } from "./load-in-child.ts";

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "memodag-artifact-")));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function load(text: string, probe?: string): Promise<LoadReport> {
  const code = Buffer.from(text);
  const path = await materializeArtifact(join(root, "state"), { digest: sha256(code), code });
  return loadInChild({
    path,
    baseDir: join(root, "project/dags"),
    ...(probe === undefined ? {} : { probe }),
  });
}

const install = async (folder: string, name: string, version: string, code: string): Promise<void> => {
  await write(
    `${folder}/node_modules/${name}/package.json`,
    JSON.stringify({ name, version, type: "module", exports: "./index.js" }),
  );
  await write(`${folder}/node_modules/${name}/index.js`, code);
};

describe("loadArtifact", () => {
  it("finds Dags among the exports, in lists too, each once", async () => {
    const report = await load(
      `import { Dag } from "memodag";
       export const a = new Dag("a");
       export const same = a;
       export const rest = [new Dag("b"), new Dag("c")];
       export const other = 42;`,
    );
    expect(report).toMatchObject({ kind: "loaded", dagIds: ["a", "b", "c"], packages: [] });
  });

  it("finds Dags that the file serves, each once, and not those of others", async () => {
    const report = await load(
      `import { Bundle, Dag } from "memodag";
       import { approval } from "memodag/hitl";
       export const b = new Dag("b");
       const a = new Dag("a");
       a.task("ok", approval({ subject: "?" }))();
       const kept = new Dag("kept");
       new Bundle(kept);
       await new Bundle(a, b).serve();`,
    );
    expect(report).toMatchObject({ kind: "loaded", dagIds: ["b", "a"], packages: [] });
  });

  it("resolves packages from the Dag file's folder and says which it loaded, transitively", async () => {
    await install("project", "outer", "1.2.3", `import { v } from "inner"; export const w = v + 1;`);
    await install("project/node_modules/outer", "inner", "0.4.0", "export const v = 41;");
    await install("project", "inner", "9.9.9", "throw new Error('the wrong one');");
    const report = await load(
      `import { w } from "outer";
       globalThis.probe = () => w;`,
      "probe",
    );
    expect(report).toMatchObject({
      probed: 42,
      packages: [
        { name: "inner", version: "0.4.0" },
        { name: "outer", version: "1.2.3" },
      ],
    });
  });

  it("says which packages were loaded late, and by require", async () => {
    await write("project/node_modules/old/package.json", `{ "name": "old", "version": "0.0.1" }`);
    await write("project/node_modules/old/index.js", "module.exports = 5;");
    await install("project", "late", "2.0.0", "export default 6;");
    const report = await load(
      `import { createRequire } from "node:module";
       globalThis.probe = async () =>
         createRequire(import.meta.url)("old") + (await import("late")).default;`,
      "probe",
    );
    expect(report).toMatchObject({
      probed: 11,
      packages: [
        { name: "late", version: "2.0.0" },
        { name: "old", version: "0.0.1" },
      ],
    });
  });

  it("resolves an anchored specifier from the folder that it names", async () => {
    await install("project", "rows", "1.0.0", "export default 1;");
    await install("project/my lib", "rows", "2.0.0", "export default 2;");
    const anchored = formatAnchoredSpecifier({ folder: "../my lib/src", specifier: "rows" });
    const report = await load(
      `import one from "rows";
       import two from ${JSON.stringify(anchored)};
       globalThis.probe = () => [one, two];`,
      "probe",
    );
    expect(report).toMatchObject({ probed: [1, 2] });
  });

  it("gives Dag files, and packages that they import, this installation's SDK and no other", async () => {
    await install("project", "memodag", "0.0.0", "throw new Error('another SDK');");
    await install("project", "dag-factory", "1.0.0", `export { Dag } from "memodag";`);
    const report = await load(
      `import { Dag } from "memodag";
       import { Dag as Shared } from "dag-factory";
       globalThis.probe = () => Dag === Shared;
       export const dag = new Shared("shared");`,
      "probe",
    );
    expect(report).toMatchObject({ kind: "loaded", dagIds: ["shared"], probed: true });
  });

  it("lets the code know the Dag file's folder as its own", async () => {
    const report = await load("globalThis.probe = () => import.meta.dirname;", "probe");
    expect(report).toMatchObject({ probed: join(root, "project/dags") });
  });

  it("passes on what the Dag file throws, its place mapped to the source", async () => {
    const map = Buffer.from(
      JSON.stringify({ version: 3, sources: ["../lib/rows.ts"], names: [], mappings: "AAAA;AAEA" }),
    ).toString("base64");
    const report = await load(
      `\nthrow new RangeError("no rows");\n//# sourceMappingURL=data:application/json;base64,${map}`,
    );
    expect(report).toMatchObject({ kind: "failed", message: "no rows" });
    expect(report.kind === "failed" && report.stack).toContain(`${join(root, "project/lib/rows.ts")}:3`);
  });

  it("refuses an artifact whose bytes are not what its name says", async () => {
    await write(`state/${"0".repeat(64)}.mjs`, "export {};");
    const path = join(root, `state/${"0".repeat(64)}.mjs`);
    expect(await loadInChild({ path, baseDir: root })).toMatchObject({ code: "artifact_damaged" });
  });

  it("names an artifact that is not there", async () => {
    const report = await loadInChild({ path: join(root, "none.mjs"), baseDir: root });
    expect(report).toMatchObject({ code: "artifact_not_found" });
  });
});

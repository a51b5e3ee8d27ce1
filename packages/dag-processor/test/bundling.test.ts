import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dagSource, Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
});

afterEach(() => project.remove());

/** The description of the Dag of `dags/one.ts`, which says what its code saw while it was loaded. */
async function seen(imports: string, expression: string): Promise<string> {
  await project.write(
    "dags/one.ts",
    `import { Dag } from "memodag";\n${imports}\nexport const dag = new Dag("one", { description: String(${expression}) });`,
  );
  const { files } = await project.process();
  const [file] = files;
  if (file?.kind !== "read") throw new Error(JSON.stringify(file));
  return project.dag("one").description ?? "";
}

describe("an artifact", () => {
  it("is the same on every machine, and names no folder of it", async () => {
    await project.write(
      "dags/flows/one.ts",
      dagSource("one", "trim(where)", `import { trim, where } from "../lib/trim.ts";`),
    );
    await project.write(
      "dags/lib/trim.ts",
      "export const trim = (text: string) => text.trim();\nexport const where = import.meta.url;",
    );
    await project.process();
    const other = await Project.create();
    try {
      await cp(join(project.root, "dags"), join(other.root, "dags"), { recursive: true });
      await other.process();
      expect(other.dag("one")).toEqual(project.dag("one"));
      const [code, map] = (await project.code("one")).split("base64,");
      expect(code + Buffer.from(map!, "base64").toString()).not.toContain(project.root);
    } finally {
      await other.remove();
    }
  });

  it("leaves packages out, and takes in those that are linked from the project", async () => {
    await project.install("dags", "installed", "1.0.0", `export const a = "outside";`);
    await project.write(
      "packages/linked/package.json",
      `{ "name": "linked", "type": "module", "exports": "./src/index.ts" }`,
    );
    await project.write("packages/linked/src/index.ts", `export const b: string = "linked";`);
    await project.link("dags", "linked", "packages/linked");
    expect(await seen(`import { a } from "installed"; import { b } from "linked";`, "[a, b]")).toBe(
      "outside,linked",
    );
    const code = await project.code("one");
    expect(code).toContain(`from "installed"`);
    expect(code).toContain(`"linked"`);
    expect(code).not.toContain("outside");
    const { outside, files } = await project.process();
    expect(files).toMatchObject([{ kind: "unchanged" }]);
    expect(outside).toContain(join(project.root, "packages/linked/src/index.ts"));
    await project.write("packages/linked/src/index.ts", `export const b: string = "changed";`);
    expect((await project.process()).files).toMatchObject([{ kind: "read" }]);
  });

  it("leaves data URLs to Node, imported with and without a name", async () => {
    const url = (text: string): string => JSON.stringify(`data:text/javascript,${text}`);
    const imports = `import one from ${url("export default 1")};
      const { default: two } = await import(${url("import { sep } from 'node:path'; export default sep")});
      const json = await import("data:application/json,3", { with: { type: "json" } });`;
    expect(await seen(imports, "[one, two, json.default]")).toBe("1,/,3");
    const code = await project.code("one");
    expect(code).toContain("data:text/javascript,export default 1");
  });

  it("resolves a package from where it is imported, when that is another one", async () => {
    await project.install("dags", "rows", "1.0.0", "export default 1;");
    await project.install("packages/linked", "rows", "2.0.0", "export default 2;");
    await project.install("packages/linked", "only-here", "1.0.0", "export default 3;");
    await project.write(
      "packages/linked/package.json",
      `{ "name": "linked", "type": "module", "exports": "./index.ts" }`,
    );
    await project.write(
      "packages/linked/index.ts",
      `import rows from "rows"; import only from "only-here"; export const theirs = [rows, only];`,
    );
    await project.link("dags", "linked", "packages/linked");
    expect(await seen(`import rows from "rows"; import { theirs } from "linked";`, "[rows, theirs]")).toBe(
      "1,2,3",
    );
  });

  it("knows the place of each of its sources", async () => {
    await project.write(
      "dags/lib/place.ts",
      `export const place = [import.meta.url, import.meta.dirname, import.meta.filename];`,
    );
    const id = await seen(`import { place } from "./lib/place.ts";`, `[import.meta.filename, ...place]`);
    const lib = join(project.root, "dags/lib");
    expect(id.split(",")).toEqual([
      join(project.root, "dags/one.ts"),
      `file://${lib}/place.ts`,
      lib,
      `${lib}/place.ts`,
    ]);
  });

  it("is loaded with the bundle as its working directory, as a worker runs it", async () => {
    expect(await seen("", "process.cwd()")).toBe(join(project.root, "dags"));
  });

  it("maps errors to the line of a source that asks for its place", async () => {
    await project.write(
      "dags/lib/place.ts",
      `export const place = import.meta.url;\n\nexport function fail(): never {\n  throw new Error(place);\n}`,
    );
    await project.write("dags/one.ts", `import "memodag";\nimport { fail } from "./lib/place.ts";\nfail();`);
    expect((await project.process()).files).toMatchObject([{ error: { file: "lib/place.ts", line: 4 } }]);
  });

  it("takes in JSON and text by content", async () => {
    await project.write("dags/q.sql", "select 1");
    await project.write("dags/page.html", "<p>");
    await project.write("dags/d.json", `{ "n": 7 }`);
    const imports = `import q from "./q.sql"; import d from "./d.json"; import page from "./page.html" with { type: "text" };`;
    expect(await seen(imports, "[q, d.n, page]")).toBe("select 1,7,<p>");
  });

  it("runs CommonJS sources that require modules of Node", async () => {
    await project.write("dags/old.cjs", `const { sep } = require("node:path"); exports.sep = sep;`);
    expect(await seen(`import old from "./old.cjs";`, "old.sep")).toBe("/");
  });

  it("keeps a handler's name when two modules use it", async () => {
    await project.write("dags/other.ts", `function load() { return 2; }\nexport const name = load.name;`);
    expect(
      await seen(`import { name } from "./other.ts"; function load() { return 1; }`, "[load.name, name]"),
    ).toBe("load,load");
  });

  it("keeps statements that a package.json calls free of effects", async () => {
    await project.write("dags/package.json", `{ "type": "module", "sideEffects": false }`);
    await project.write("dags/patch.ts", `(globalThis as { patched?: string }).patched = "yes";`);
    expect(await seen(`import "./patch.ts";`, "(globalThis as { patched?: string }).patched")).toBe("yes");
  });
});

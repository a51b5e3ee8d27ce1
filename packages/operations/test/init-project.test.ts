// A new project, and the folders in which there is something already.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initProject } from "../src/project/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-init-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const read = (path: string): string => readFileSync(join(folder, path), "utf8");
const manifest = () => JSON.parse(read("package.json")) as Record<string, unknown>;
const init = () => initProject({ folder, version: "1.2.3" });

const ALL = [
  ".gitignore",
  "dags/hello.ts",
  "memodag.toml",
  "package.json",
  "test/hello.test.ts",
  "tsconfig.json",
];

test("makes a folder and everything in it", () => {
  const report = initProject({ folder: join(folder, "My Dags"), version: "1.2.3" });
  expect(report).toEqual({
    folder: join(folder, "My Dags"),
    created: ALL,
    extended: [],
    kept: [],
    isInstalled: false,
    notes: [],
  });
  expect(JSON.parse(read("My Dags/package.json"))).toEqual({
    name: "my-dags",
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: { dev: "memodag dev", test: 'node --test "test/**/*.test.ts"', check: "memodag dags check" },
    dependencies: { memodag: "^1.2.3" },
  });
});

test("adds to the package.json of `npm init -y`, and asks for no other version", () => {
  const script = 'echo "Error: no test specified" && exit 1';
  const dependencies = { memodag: "file:../memodag.tgz" };
  put(
    "package.json",
    JSON.stringify({ name: "x", type: "commonjs", scripts: { test: script }, dependencies }, null, "\t"),
  );
  put("package-lock.json", "{}");
  put("node_modules/memodag/package.json", "{}");
  const report = init();
  expect(report).toMatchObject({ extended: ["package.json"], isInstalled: true, notes: [] });
  expect(manifest()).toEqual({
    name: "x",
    type: "module",
    scripts: { dev: "memodag dev", test: 'node --test "test/**/*.test.ts"', check: "memodag dags check" },
    dependencies,
  });
  expect(read("package.json")).toContain('\n\t"name"');
});

test("leaves a project's own scripts, module type, lines and settings as they are", () => {
  put("package.json", JSON.stringify({ type: "commonjs", scripts: { test: "vitest", dev: "vite" } }));
  put("index.js", "module.exports = 1;");
  put("tsconfig.json", "{}");
  put(".gitignore", "/node_modules\n*.log");
  const report = init();
  expect(report).toMatchObject({ extended: [".gitignore", "package.json"], kept: ["tsconfig.json"] });
  expect(report.notes).toEqual([expect.stringContaining('"type": "commonjs"')]);
  expect(manifest()).toMatchObject({
    type: "commonjs",
    scripts: { test: "vitest", dev: "vite", check: "memodag dags check" },
    dependencies: { memodag: "^1.2.3" },
  });
  expect(read("tsconfig.json")).toBe("{}");
  expect(read(".gitignore")).toBe("/node_modules\n*.log\n.memodag/\n");
});

test.each(["dependencies", "devDependencies"])("asks for no second version beside that of %s", (group) => {
  put("package.json", JSON.stringify({ [group]: { memodag: "0.9.0", zod: "4" } }));
  init();
  expect(manifest()).toMatchObject({ [group]: { memodag: "0.9.0", zod: "4" } });
  expect(JSON.stringify(manifest())).not.toContain("1.2.3");
});

test.each(["memodag.toml", "config/memodag.toml", "dags/hello.ts", "test/hello.test.ts"])(
  "overwrites no %s, and writes nothing else either",
  (path) => {
    put(path, "mine");
    const before = readdirSync(folder, { recursive: true });
    expect(init).toThrow(
      expect.objectContaining({ code: "project_exists", message: expect.stringContaining(path) }),
    );
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
    expect(read(path)).toBe("mine");
  },
);

test.each([
  ["{", /is not JSON/],
  ["[]", /is no object/],
  ['{ "scripts": 1 }', /"scripts" is no object/],
])("names what is wrong with a package.json such as %s, and writes nothing", (text, message) => {
  put("package.json", text);
  expect(init).toThrow(message);
  expect(readdirSync(folder)).toEqual(["package.json"]);
});

test("refuses a file in the place of the folder", () => {
  put("file", "");
  expect(() => initProject({ folder: join(folder, "file"), version: "1.2.3" })).toThrow(/is a file/);
});

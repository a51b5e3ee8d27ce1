// The packed memodag in an empty project: the command, the tests of a Dag, and the types.

import { globSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { InstalledProject } from "./installed-project.ts";

vi.setConfig(PATIENT);

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

const DAG = `import { Dag } from "memodag";

export const dag = new Dag("hello");
const count = dag.task("count", async ({ word }: { word: string }) => word.length, { cache: true });
const add = dag.task("add", ({ counts }: { counts: number[] }) => counts.reduce((a, b) => a + b, 0), {
  cache: { ttl: "7d" },
});
add({ counts: count.expand({ word: ["load", "clean", "train"] }) });
`;

const TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { testDag } from "memodag/testing";
import { dag } from "./dags/hello.ts";

test("hello adds the lengths", async () => {
  const hello = testDag(dag);
  assert.equal((await hello.run()).task("add").returned, 14);
  assert.deepEqual((await hello.run()).cacheStatuses.add, "hit");
});
`;

/** Strict, and with a look at every declaration that memodag ships. */
const TSCONFIG = {
  compilerOptions: {
    module: "nodenext",
    target: "es2024",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [join(MODULES, "@types")],
  },
  include: ["*.ts", "dags"],
};

interface RunReport {
  readonly state: string;
  readonly processesSpawned: number;
}

let project: InstalledProject;
beforeAll(async () => {
  project = await InstalledProject.make();
  project.write("memodag.toml", '[[bundles]]\nname = "main"\npath = "dags"\n');
  project.write("dags/hello.ts", DAG);
  project.write("hello.test.ts", TEST);
  project.write("tsconfig.json", JSON.stringify(TSCONFIG));
});
afterAll(() => project.remove());

it("runs a Dag twice: the second run is all hits and starts no process", async () => {
  const first = await project.json<RunReport>("dags", "run", "hello");
  expect(first).toMatchObject({ state: "success", processesSpawned: 4 });
  const second = await project.json<RunReport>("dags", "run", "hello");
  expect(second).toMatchObject({ state: "success", processesSpawned: 0 });
});

it("makes a project that runs, is tested and is checked", async () => {
  const memodag = join(project.folder, "node_modules/.bin/memodag");
  const folder = join(project.folder, "made");
  const { stdout } = await project.run(memodag, ["init", "made"]);
  expect(stdout).toMatch(
    /\n\nNext:\n {2}cd made\n {2}npm install\n {2}npx memodag dags run hello .*\n {2}npm test\n$/,
  );
  const runs = [];
  for (const _ of ["first", "second"]) {
    const run = await project.run(memodag, ["dags", "run", "hello", "--json"], folder);
    runs.push((JSON.parse(run.stdout) as RunReport).processesSpawned);
  }
  expect(runs).toEqual([4, 0]);
  const scripts = await project.run("npm", ["test"], folder);
  expect(scripts.stdout).toMatch(/pass 1$/m);
  const checked = await project.run(memodag, ["dags", "check", "--json"], folder);
  expect(JSON.parse(checked.stdout)).toEqual({ files: 1, errors: [] });
});

it("is created by `npm create memodag` in a new folder, and installed from a lock file", async () => {
  const { stdout } = await project.create("my-project");
  expect(stdout).toMatch(
    /\n\nNext:\n {2}cd my-project\n {2}npm install\n {2}npx memodag dags run hello .*\n {2}npm test\n$/,
  );
  const folder = join(project.folder, "my-project");
  await project.install(folder);
  const runs = [];
  for (const _ of ["first", "second"]) {
    const run = await project.run("npx", ["memodag", "dags", "run", "hello", "--json"], folder);
    runs.push((JSON.parse(run.stdout) as RunReport).processesSpawned);
  }
  expect(runs).toEqual([4, 0]);
  expect((await project.run("npm", ["test"], folder)).stdout).toMatch(/pass 1$/m);
  await expect(project.create("my-project")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("nothing was written"),
  });
});

it("is created with the same files as by `memodag init`", async () => {
  await project.create("created");
  await project.run(join(project.folder, "node_modules/.bin/memodag"), ["init", "initialized"]);
  const filesOf = (folder: string): Record<string, string> => {
    const cwd = join(project.folder, folder);
    const paths = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    return Object.fromEntries(
      paths.map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [relative(cwd, path), readFileSync(path, "utf8").replace(folder, "NAME")];
      }),
    );
  };
  expect(Object.keys(filesOf("created"))).toContain("memodag.toml");
  expect(filesOf("created")).toEqual(filesOf("initialized"));
});

it("tests a Dag with Node's own test runner", async () => {
  const { stdout } = await project.run(process.execPath, ["--test", "--test-reporter=tap", "hello.test.ts"]);
  expect(stdout).toMatch(/^# pass 1$/m);
});

it("opens value caches in a program, and names the package that one of them lacks", async () => {
  project.write(
    "rates.mjs",
    `import { database, memory, openValueCache, redis } from "memodag/cache";
const seen = [];
for (const adapter of [memory(), database({ url: "sqlite:rates.db" })]) {
  await using rates = await openValueCache({ name: "rates", adapter });
  const values = [await rates.getOrCreate("EUR", () => 1.1), await rates.getOrCreate("EUR", () => 2)];
  seen.push([...values, (await rates.stats()).hits]);
}
const refused = await openValueCache({ name: "rates", adapter: redis({ url: "redis://localhost" }) }).catch((error) => error);
console.log(JSON.stringify([...seen, refused.code, refused.message]));
`,
  );
  const { stdout } = await project.run(process.execPath, ["rates.mjs"]);
  const [inMemory, inDatabase, code, message] = JSON.parse(stdout) as unknown[];
  expect(inMemory).toEqual([1.1, 1.1, 1]);
  expect(inDatabase).toEqual([1.1, 1.1, 1]);
  expect(code).toBe("usage");
  expect(message).toContain("npm install @memodag/redis");
});

it.each(["typescript", "typescript59"])("its types are clean under %s", async (compiler) => {
  const { stdout } = await project.run(process.execPath, [join(MODULES, compiler, "bin/tsc"), "-p", "."]);
  expect(stdout).toBe("");
});

it("brings few packages, and none of memodag's own", () => {
  const names = readdirSync(join(project.folder, "node_modules")).filter((name) => !name.startsWith("."));
  expect(names).not.toContain("@memodag");
  const { packages, megabytes, ownMegabytes } = project.footprint();
  process.stdout.write(
    `installed: ${packages} packages, ${megabytes.toFixed(1)} MB, of which memodag has ${ownMegabytes.toFixed(1)} MB\n`,
  );
  expect(ownMegabytes).toBeLessThan(8.5);
  expect(packages).toBeLessThan(40);
  expect(megabytes).toBeLessThan(60);
  // Everything that the declarations import is there.
  expect(globSync("node_modules/memodag/types/**/*.d.ts", { cwd: project.folder }).length).toBeGreaterThan(
    10,
  );
});

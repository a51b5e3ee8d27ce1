// What a worker's machine is compared with, and how what differs is said.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type SerializedTask } from "@memodag/core";
import { LocalSurroundings, type PackageDifference } from "@memodag/executor";
import type { ExpectedDag } from "@memodag/worker-api/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareHost, type HostDifference } from "../src/compare-host.ts";

let root: string;
let bundle: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "memodag-compare-"));
  bundle = join(root, "dags");
  write("dags/data/rows.csv", "1");
  write("node_modules/one/package.json", '{"name":"one","version":"1.0.0"}');
  write("node_modules/one/index.js", "export default 1");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

function surroundings(): LocalSurroundings {
  return new LocalSurroundings({
    level: "exact",
    env: {},
    ordinaryEnv: [],
    clock: systemClock,
    packageMemoryPath: join(root, `packages-${Math.random()}.json`),
    bundlePath: () => bundle,
  });
}

const task = { taskId: "t", cache: { files: ["data/*.csv"], env: [] } } as unknown as SerializedTask;

/** What a scheduler on this machine expects. */
async function expectHere(dagId = "d"): Promise<ExpectedDag> {
  const file = { bundle: "dags", path: "d.ts" };
  const found = await surroundings().of(file, task);
  if (found.kind !== "known" || !found.files) throw new Error("the surroundings are unknown");
  const installed = { sealed: [], named: [] };
  const tasks = [{ task, runtime: found.runtime, files: found.files.digests }];
  return { team: "default", dagId, file, installed, packages: [{ name: "one", version: "1.0.0" }], tasks };
}

async function compare(
  packages: readonly PackageDifference[],
  ...expected: ExpectedDag[]
): Promise<HostDifference[]> {
  const here = surroundings();
  return await compareHost(expected, {
    surroundings: {
      of: (file, one) => here.of(file, one),
      listPackageDifferences: async () => [...packages],
    },
    bundles: new Map([["dags", bundle]]),
  });
}

const ONE = "../node_modules/one";

test("nothing differs on the machine that keys are computed on", async () => {
  expect(await compare([], await expectHere())).toEqual([]);
});

test("packages, runtime and files are named, with the Dags that they matter for", async () => {
  const [one, two] = [await expectHere("two"), await expectHere("one")];
  write("dags/data/rows.csv", "2");
  const tasks = one.tasks.map((expected) => ({
    ...expected,
    runtime: { ...expected.runtime, node: "v1.2.3" },
  }));
  expect(await compare([{ kind: "other_files", folder: ONE }], { ...one, tasks }, two)).toEqual([
    {
      kind: "package",
      what: expect.stringMatching(/node_modules\/one \(1\.0\.0\) has other files/),
      dags: ["one", "two"],
    },
    { kind: "runtime", what: expect.stringMatching(/^node v1\.2\.3 → /), dags: ["two"] },
    { kind: "files", what: "data/*.csv has other files on the worker", dags: ["one"] },
  ]);
});

test("another version, no package and no bundle are said with what to do", async () => {
  const dag = await expectHere();
  write("node_modules/one/package.json", '{"name":"one","version":"1.1.0"}');
  expect(
    await compare(
      [
        { kind: "other_files", folder: ONE },
        { kind: "missing", folder: "../node_modules/two" },
        { kind: "elsewhere", folder: null, name: "three" },
      ],
      dag,
    ),
  ).toMatchObject([
    { what: `${ONE} is 1.1.0, and was 1.0.0 where the Dag was read: \`npm ci\` with its lock file` },
    { what: "../node_modules/two is not installed here: `npm ci`" },
    { what: "three is installed here, and was not where the Dag was read" },
  ]);
  const other = { ...dag, file: { ...dag.file, bundle: "other" } };
  expect(await compare([], other)).toEqual([
    { kind: "bundle", what: 'bundle "other" is not in [[bundles]] of this config', dags: ["d"] },
  ]);
});

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { afterEach, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

let workspace: Workspace;
afterEach(() => workspace.remove());

const DAG = `import { Dag } from "memodag";

export const dag = new Dag("sums");
const list = dag.task("list", (): number[] => { throw new Error("not in a test"); });
const sum = dag.task("sum", ({ n }: { n: number[] }) => n.reduce((a, b) => a + b, 0), { cache: true });
sum({ n: list() });
`;

const TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { testDag } from "memodag/testing";
import { dag } from "./dags/sums.ts";

test("sums", async () => {
  const sums = testDag(dag, { mocks: { list: [1, 2, 3] } });
  const first = await sums.run();
  assert.equal(first.task("sum").returned, 6);
  const second = await sums.run();
  assert.deepEqual(second.cacheStatuses, { list: "disabled", sum: "hit" });
});
`;

it("a Dag is tested by what Node brings along, and nothing is written", async () => {
  workspace = new Workspace({ dags: { "sums.ts": DAG } });
  workspace.write("sums.test.ts", TEST);
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap"], {
    cwd: workspace.folder,
    // The runner's own variable would have Node report to it in another format.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  expect(stdout).toMatch(/# pass 1\n# fail 0/);
  expect(existsSync(workspace.path(".memodag"))).toBe(false);
  expect(existsSync(workspace.path("metadata.db"))).toBe(false);
});

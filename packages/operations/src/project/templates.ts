// The files of a new project.

export const CONFIG = `# The config of memodag: https://toml.io. \`npx memodag config show\` lists every key and its value.

[task_cache]
default_ttl = "30d" # how long results may be reused, unless the task says otherwise

[[bundles]]
name = "main"
path = "dags"
`;

export const DAG = `import { Dag } from "memodag";

export const dag = new Dag("hello");

const count = dag.task("count", async ({ word }: { word: string }) => word.length, { cache: true });

const add = dag.task(
  "add",
  async ({ counts }: { counts: number[] }) => counts.reduce((sum, one) => sum + one, 0),
  { cache: true },
);

add({ counts: count.expand({ word: ["load", "clean", "train"] }) }); // one instance of \`count\` for each word
`;

export const TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { testDag } from "memodag/testing";
import { dag } from "../dags/hello.ts";

test("hello adds the lengths of its words", async () => {
  const hello = testDag(dag);
  const run = await hello.run();
  assert.equal(run.task("add").returned, 14);
});
`;

export const TSCONFIG = `{
  "compilerOptions": {
    "module": "nodenext",
    "target": "es2024",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "types": ["node"]
  },
  "include": ["dags", "test"]
}
`;

/** Scripts of \`package.json\`. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  dev: "memodag dev",
  test: 'node --test "test/**/*.test.ts"',
  check: "memodag dags check",
};

/** Lines of \`.gitignore\`. */
export const IGNORED: readonly string[] = ["node_modules/", ".memodag/"];

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const goodDag = (answer: number): string => `import { Dag } from "memodag";

export const dag = new Dag("good");
dag.task("answer", () => ${answer})({});
`;

const throwsAtLoad = `import { Dag } from "memodag";

export const dag = new Dag("throws");
throw new TypeError("no configuration");
`;

const exportsNoDag = `import { Dag } from "memodag";

const dag = new Dag("hidden");
dag.task("answer", () => 42)({});
`;

const cycle = `import { Dag } from "memodag";

export const dag = new Dag("cycle");
const a = dag.task("a", () => 1)({});
const b = dag.task("b", ({ n }: { n: number }) => n)({ n: a });
a.after(b);
`;

const syntaxError = `import { Dag } from "memodag";

export const dag = new Dag("syntax";
`;

/** An element of `dags errors --json`. */
interface ListedError {
  readonly bundle: string;
  readonly path: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly message: string;
}

describe("a bundle with Dag files that cannot be read", () => {
  let workspace: Workspace;
  let errors: Map<string, ListedError>;

  beforeAll(async () => {
    workspace = new Workspace({
      dags: {
        "cycle.ts": cycle,
        "good.ts": goodDag(41),
        "hidden.ts": exportsNoDag,
        "syntax.ts": syntaxError,
        "throws.ts": throwsAtLoad,
        "was-good.ts": goodDag(42).replace('"good"', '"was_good"'),
      },
    });
    await workspace.memodag(["dags", "list"]);
    workspace.write("dags/was-good.ts", throwsAtLoad);
    const listed = await workspace.json<ListedError[]>("dags", "errors");
    errors = new Map(listed.map((error) => [error.path, error]));
  });

  afterAll(() => workspace.remove());

  it("lists those, and no other", () => {
    expect([...errors.keys()].sort()).toEqual([
      "cycle.ts",
      "hidden.ts",
      "syntax.ts",
      "throws.ts",
      "was-good.ts",
    ]);
  });

  it.each([
    ["throws.ts", 4, /TypeError: no configuration/],
    ["was-good.ts", 4, /TypeError: no configuration/],
    ["syntax.ts", 3, /Expected "\)"/],
    ["cycle.ts", 3, /"cycle".*cycle, a → b → a: remove one/],
    ["hidden.ts", 3, /exports no Dag: write "export const dag = /],
  ])("names what is wrong with %s, and where", (path, line, message) => {
    expect(errors.get(path)).toMatchObject({
      bundle: "dags",
      file: path,
      line,
      message: expect.stringMatching(message),
    });
  });

  it("prints each on a line of its own, without a stack", async () => {
    const { code, stdout } = await workspace.memodag(["dags", "errors"]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/^\s+at /m);
    expect(stdout.match(/^dags\/\S+: \S+: /gm)).toHaveLength(5);
    expect(stdout).toContain("dags/throws.ts: throws.ts:4:");
  });

  it("runs the Dag of the good file", async () => {
    const { state, runId } = await workspace.json<RunReport>("dags", "run", "good");
    expect(state).toBe("success");
    expect(await workspace.json("tasks", "xcom", "good", runId, "answer")).toEqual({ return_value: 41 });
  });

  it("runs the last good version of a file that was good, and says so", async () => {
    const { code, stdout, stderr } = await workspace.memodag(["dags", "run", "was_good", "--json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/dags\/was-good\.ts .*last good version runs.*no configuration/);
    const { runId } = JSON.parse(stdout) as RunReport;
    expect(await workspace.json("tasks", "xcom", "was_good", runId, "answer")).toEqual({ return_value: 42 });
  });

  it("points to the broken files where a Dag of theirs is asked for", async () => {
    const { code, stderr } = await workspace.memodag(["dags", "run", "throws"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^memodag: There is no Dag "throws".*`memodag dags errors`\n$/),
    });
  });
});

import { rmSync } from "node:fs";
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
    ["hidden.ts", 3, /exports no Dag: add "export const dag = /],
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
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/^\s+at /m);
    expect(stdout.match(/^dags\/\S+: \S+: /gm)).toHaveLength(5);
    expect(stdout).toContain("dags/throws.ts: throws.ts:4:");
  });

  it("runs the Dag of the good file", async () => {
    const { state, runId } = await workspace.json<RunReport>("dags", "run", "good");
    expect(state).toBe("success");
    expect(await workspace.json("tasks", "xcom", "good", runId, "answer")).toEqual({ return_value: 41 });
  });

  it("does not run a Dag whose file was good before", async () => {
    const { code, stdout, stderr } = await workspace.memodag(["dags", "run", "was_good"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^memodag: dags\/was-good\.ts could not be read: .*no configuration.*--last-good.*\n$/,
    );
    expect(await workspace.json("runs", "list", "was_good")).toEqual([]);
  });

  it("runs its last good version when that is wanted, and says so", async () => {
    const args = ["dags", "run", "was_good", "--last-good", "--json"];
    const { code, stdout, stderr } = await workspace.memodag(args);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Running the last good version: dags\/was-good\.ts could not be read: .*no configuration/,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      lastGood: true,
      dagFileErrors: [
        { bundle: "dags", path: "was-good.ts", message: expect.stringMatching("no configuration") },
      ],
    });
    const { runId } = JSON.parse(stdout) as RunReport;
    expect(await workspace.json("tasks", "xcom", "was_good", runId, "answer")).toEqual({ return_value: 42 });
  });

  it("makes a run of the last good version for a scheduler, and says so", async () => {
    const asText = await workspace.memodag(["dags", "trigger", "was_good"]);
    expect(asText).toMatchObject({ code: 0, stdout: expect.stringContaining("Made run manual__") });
    expect(asText.stderr).toMatch(/^Running the last good version: dags\/was-good\.ts could not be read: /);
    const asJson = await workspace.json<object>("dags", "trigger", "was_good");
    expect(asJson).toMatchObject({ lastGood: true, dagFileErrors: [{ path: "was-good.ts" }] });
    expect(await workspace.json<object>("dags", "trigger", "good")).not.toHaveProperty("lastGood");
  });

  it.each([
    ["new Asset()", /does not provide an export named 'Asset'; there are no assets: dag\.waitForDagRun/],
    ["getConnection('db')", /no connections: read a variable, getClient\(\)\.getVariable/],
    ["dag.task('t', () => 1).withArgList([1])", /arguments have names: call the task with an object/],
  ])("says what to write in place of %s of Airflow's SDK", async (expression, instead) => {
    const name = /^new Asset|^getConnection/.exec(expression)?.[0].replace("new ", "");
    const text = `import { Dag${name ? `, ${name}` : ""} } from "memodag";
export const dag = new Dag("moved");
export const other = ${expression};
`;
    workspace.write("dags/moved.ts", text);
    const listed = await workspace.json<ListedError[]>("dags", "errors");
    expect(listed.find(({ path }) => path === "moved.ts")?.message).toMatch(instead);
    rmSync(workspace.path("dags/moved.ts"));
  });

  it("points to the broken files where a Dag of theirs is asked for", async () => {
    const { code, stderr } = await workspace.memodag(["dags", "run", "throws"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^memodag: There is no Dag "throws".*`memodag dags errors`\n$/),
    });
  });
});

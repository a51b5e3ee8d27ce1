import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { Workspace, type WorkspaceContents } from "./workspace.ts";

vi.setConfig(PATIENT);

const helloDag = `import { Dag } from "memodag";

export const dag = new Dag("hello", { params: { size: 1 } });
dag.task("greet", () => "hello")({});
`;

let workspace: Workspace;

afterEach(() => workspace.remove());

/** The error that a command ends with, as programs read it. */
async function refusalOf(contents: WorkspaceContents, ...args: string[]) {
  workspace = new Workspace({ dags: { "hello.ts": helloDag }, ...contents });
  const { code, stdout, stderr } = await workspace.memodag([...args, "--json"]);
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.any(String) });
  const { error, ...others } = JSON.parse(stderr) as { error: { code: string; message: string } };
  expect(others).toEqual({});
  expect(error).toEqual({ code: expect.any(String), message: expect.any(String) });
  expect(error.message).not.toMatch(/^\s+at /m);
  return { ...error, lines: error.message.split("\n") };
}

describe("what cannot be run", () => {
  it("for a config with several faults: all of them, each with what was expected and found", async () => {
    const config = '[core]\nparallelism = "many"\nparalelism = 3\n\n[task_cache]\ndefault_ttl = 7\n';
    const { code, lines } = await refusalOf({ config }, "dags", "list");
    expect(code).toBe("config_invalid");
    expect(lines).toEqual([
      expect.stringMatching(/memodag\.toml has 3 faults:$/),
      expect.stringMatching(/^ {2}core\.parallelism: expected an integer .*found "many"$/),
      expect.stringMatching(/^ {2}core\.paralelism: .*did you mean core\.parallelism\?$/),
      expect.stringMatching(/^ {2}task_cache\.default_ttl: expected a duration .*found 7$/),
    ]);
  });

  it.each([
    ["is not JSON", "{size", /^--conf is not JSON: .*write an object such as/],
    ["is no object", "[1]", /^--conf must be a JSON object, found a list: write one such as/],
  ])("for a --conf that %s", async (_what, conf, message) => {
    const { code, lines, ...refusal } = await refusalOf({}, "dags", "run", "hello", "--conf", conf);
    expect(code).toBe("conf_invalid");
    expect(lines).toHaveLength(1);
    expect(refusal.message).toMatch(message);
  });

  it("for a Dag that there is not: the nearest one", async () => {
    const { code, message, lines } = await refusalOf({}, "dags", "run", "helo");
    expect(code).toBe("dag_not_found");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/no Dag "helo".*did you mean "hello".*`memodag dags list`/);
  });

  it("for a param that the Dag has not: those that it has", async () => {
    const { message, lines } = await refusalOf({}, "dags", "run", "hello", "--param", "sise=2");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/has no param "sise".*size/);
  });

  it.each([
    ["that is a folder", "sqlite:dags"],
    ["that is another kind of file", "sqlite:memodag.toml"],
    ["in a folder that cannot be made", "sqlite:/proc/memodag/metadata.db"],
    ["where nobody listens", "postgres://someone:secret@127.0.0.1:1/none"],
  ])("for a database %s: its url without the password, and what to check", async (_what, databaseUrl) => {
    const { code, message, lines } = await refusalOf({ databaseUrl }, "dags", "run", "hello");
    expect(code).toBe("database_unreachable");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/^cannot open the database .*: check that .*\[database\] url/);
    expect(message).not.toContain("secret");
  });

  it.each(TEST_DIALECTS)("for a database of a newer memodag, on %s: leaves it alone", async (dialect) => {
    await using database = await createTestDatabase(dialect);
    const maker = new Workspace({ databaseUrl: database.url });
    await maker.memodag(["db", "migrate"]);
    await maker.remove();
    await database.execute("insert into schema_migration (name, timestamp) values ('9999_later', 'later')");
    const { code, message, lines } = await refusalOf({ databaseUrl: database.url }, "dags", "run", "hello");
    expect(code).toBe("database_newer");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/newer memodag \(9999_later\): update memodag/);
  });

  it("for a PostgreSQL database that was never migrated: the command that does", async () => {
    await using database = await createTestDatabase("postgres");
    const { code, message, lines } = await refusalOf({ databaseUrl: database.url }, "dags", "run", "hello");
    expect(code).toBe("database_not_migrated");
    expect(lines).toHaveLength(1);
    expect(message).toContain('run "memodag db migrate"');
  });

  it("for words that are no command: where it is said what may be written", async () => {
    const { code, message, lines } = await refusalOf({}, "dags", "rn");
    expect(code).toBe("usage");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/unknown command 'rn'.*did you mean run.*`memodag dags --help`/i);
  });

  it("for dev without a folder of Dag files: at once, in place of trying again", async () => {
    const bundles = '[[bundles]]\nname = "gone"\npath = "gone"\n';
    const { code, message, lines } = await refusalOf({ config: bundles }, "dev");
    expect(code).toBe("config_invalid");
    expect(lines).toHaveLength(1);
    expect(message).toMatch(/bundles\[0\]\.path: expected an existing folder, found ".*gone"/);
  });

  it("for people, on one line without a stack", async () => {
    workspace = new Workspace({ dags: { "hello.ts": helloDag } });
    expect(await workspace.memodag(["dags", "run", "hello", "--conf", "{size"])).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^memodag: --conf is not JSON: .*write an object such as .*\n$/),
    });
    workspace.write("memodag.toml", '[database]\nurl = "sqlite:dags"\n');
    expect(await workspace.memodag(["dags", "list"])).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^memodag: cannot open the database sqlite:.*check that .*\n$/),
    });
  });
});

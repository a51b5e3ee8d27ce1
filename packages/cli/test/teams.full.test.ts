// Every command, called as one team about what another team has: same Dag file, tasks and inputs.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import type { Command } from "commander";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../src/program.ts";
import type { RecordReport } from "@memodag/operations/cache";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

/** A cache that each team has of its own. */
const RATES = '[[caches]]\nname = "rates"\nkind = "values"\n';

/** What ants have that bees must not see. */
interface OfAnts {
  readonly runId: string;
  readonly key: string;
  readonly otherKey: string;
  /** A run whose task waits for an answer. */
  readonly asking: string;
}

const ASKS = `import { approval, Dag } from "memodag";
export const dag = new Dag("asks");
dag.task("ok", approval({ subject: "Ship it?" }))();
`;

/**
 * A command line of bees, and what they are to get: a text or JSON that matches, or the error's code. A
 * string in its place: why the command knows no teams.
 */
type Case = (ants: OfAnts) => readonly [args: readonly string[], expected: unknown];

const WHOLE = "for those who run the installation: it is about all of it";
const REFUSED = (code: string) => ({ error: expect.objectContaining({ code }) });

const CASES: Readonly<Record<string, Case | string>> = {
  dev: WHOLE,
  scheduler: WHOLE,
  "dag-processor": WHOLE,
  worker: WHOLE,
  "worker-api": WHOLE,
  queues: WHOLE,
  "api-server": WHOLE,
  ui: WHOLE,
  "tokens ls": WHOLE,
  "tokens revoke": WHOLE,
  "workers ls": WHOLE,
  "workers drain": WHOLE,
  "workers tokens": WHOLE,
  "workers revoke": WHOLE,
  "db clean": WHOLE,
  "db copy": WHOLE,
  "db migrate": WHOLE,
  "db status": WHOLE,
  "cache gc": WHOLE,
  "cache keygen": WHOLE,
  "cache verify": WHOLE,
  "cache disable": WHOLE,
  "cache enable": WHOLE,
  "config show": WHOLE,
  "config check": WHOLE,
  doctor: WHOLE,
  init: WHOLE,
  completion: WHOLE,
  complete: WHOLE,
  "dags check": WHOLE,

  "dags list": () => [[], onlyOf("bees")],
  "dags show": () => [["shapes"], expect.objectContaining({ team: "bees" })],
  "dags graph": () => [["shapes"], expect.objectContaining({ text: expect.stringContaining("sum") })],
  "dags plan": () => [["shapes"], expect.objectContaining({ team: "bees" })],
  "dags errors": () => [[], onlyOf("bees")],
  "dags pause": () => [["shapes"], expect.anything()],
  "dags unpause": () => [["shapes"], expect.anything()],
  "dags backfill": () => [["shapes", "--from", "2026-01-01", "--to", "2026-01-02"], expect.anything()],
  "runs list": () => [[], onlyOf("bees")],
  "runs show": ({ runId }) => [["shapes", runId], REFUSED("dag_run_not_found")],
  "runs diff": ({ runId }) => [[runId, runId], REFUSED("usage")],
  "runs cancel": ({ runId }) => [["shapes", runId], REFUSED("dag_run_not_found")],
  "runs delete": ({ runId }) => [["shapes", runId], REFUSED("dag_run_not_found")],
  "entries ls": ({ runId }) => [["shapes", runId], REFUSED("dag_run_not_found")],
  "entries show": ({ runId }) => [["shapes", runId, "key"], REFUSED("dag_run_not_found")],
  "entries get": ({ runId }) => [["shapes", runId, "key"], REFUSED("dag_run_not_found")],
  "entries rm": ({ runId }) => [["shapes", runId, "key"], REFUSED("dag_run_not_found")],
  "approvals ls": () => [[], []],
  "approvals show": ({ asking }) => [["asks", asking, "ok"], REFUSED("dag_run_not_found")],
  "approvals answer": ({ asking }) => [
    ["asks", asking, "ok", "--option", "Approve"],
    REFUSED("dag_run_not_found"),
  ],
  "tasks logs": ({ runId }) => [["shapes", runId, "sum"], REFUSED("dag_run_not_found")],
  "tasks try": ({ runId }) => [["shapes", "sum", "--run", runId], REFUSED("dag_run_not_found")],
  "tasks xcom": ({ runId }) => [["shapes", runId, "sum"], REFUSED("dag_run_not_found")],
  "tasks clear": ({ runId }) => [["shapes", runId], REFUSED("dag_run_not_found")],
  "tasks set-state": ({ runId }) => [["shapes", runId, "sum", "failed"], REFUSED("dag_run_not_found")],
  "cache locks": () => [[], []],
  "cache ls": ({ key }) => [["--key", key], []],
  "cache show": ({ key }) => [[key], REFUSED("cache_key_not_found")],
  "cache stats": () => [
    [],
    expect.objectContaining({ entries: 0, hits: 0, misses: 0, savedMs: 0, tasks: [] }),
  ],
  "cache explain": ({ runId }) => [["shapes", runId, "sum"], REFUSED("dag_run_not_found")],
  "cache diff": ({ key, otherKey }) => [[key, otherKey], REFUSED("cache_key_not_found")],
  "cache recheck": () => [["shapes", "draw"], REFUSED("usage")],
  "cache purge": () => [["--all", "--yes"], { deleted: 0 }],
  "caches ls": () => [[], [expect.objectContaining({ name: "rates", team: "bees", size: 0 })]],
  "caches stats": () => [["rates"], expect.objectContaining({ team: "bees", size: 0, keys: [] })],
  "caches clear": () => [["rates", "--yes"], expect.objectContaining({ team: "bees", cleared: 0 })],
  "tokens make": () => [["--name", "ci"], expect.objectContaining({ team: "bees" })],
  "workers token": () => [["--name", "gpus"], expect.objectContaining({ teams: ["bees"], queues: null })],
  "audit ls": () => [["--action", "dags.run"], []],
  // Late: from then on bees have entries of their own. Whatever they trigger before would fill them, too.
  "dags run": () => [
    ["shapes"],
    expect.objectContaining({ state: "success", cache: expect.objectContaining({ hit: 0, populated: 4 }) }),
  ],
  "dags trigger": () => [["shapes"], expect.objectContaining({ dagId: "shapes" })],
};

/** A list of which every line that says its team is of that one. */
function onlyOf(team: string): unknown {
  return expect.not.arrayContaining([expect.not.objectContaining({ team })]);
}

it("has a case for every command that there is", () => {
  expect(leavesOf(createProgram()).sort()).toEqual(Object.keys(CASES).sort());
});

it("takes --team in every command that has one", () => {
  const takers = leavesOf(createProgram(), (command) =>
    command.options.some(({ long }) => long === "--team"),
  );
  expect(takers.sort()).toEqual(
    Object.entries(CASES)
      .flatMap(([name, one]) => (typeof one === "string" ? [] : [name]))
      .sort(),
  );
});

describe.each(TEST_DIALECTS)("two teams with one Dag, on %s", (dialect) => {
  let database: TestDatabase;
  let project: Project;
  let ants: OfAnts;
  let before: unknown;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    const bundle = (team: string) => `[[bundles]]\nname = "${team}"\npath = "dags"\nteam = "${team}"\n`;
    project = new Project(
      `core.multi_team = true\ndatabase.url = ${JSON.stringify(database.url)}\n${bundle("ants")}${bundle("bees")}${RATES}`,
    );
    await project.run("db", "migrate");
    const { runId } = await project.json<RunReport>("dags", "run", "shapes", "--team", "ants");
    await project.json<RunReport>("dags", "run", "shapes", "--team", "ants");
    const [one, other] = await project.json<RecordReport[]>("cache", "ls", "--team", "ants");
    ants = { runId, key: one?.key ?? "", otherKey: other?.key ?? "", asking: await ask() };
    before = await everythingOfAnts();
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  for (const [name, one] of Object.entries(CASES)) {
    if (typeof one === "string") continue;
    it(`${name}`, async () => {
      const [args, expected] = one(ants);
      const { stdout, stderr } = await project.run(...name.split(" "), ...args, "--team", "bees", "--json");
      expect(JSON.parse(stdout === "" ? stderr : stdout)).toEqual(expected);
      expect(stdout).not.toContain("ants");
      expect(stdout).not.toContain(ants.runId);
    });
  }

  it("have left each other's as it was", async () => {
    expect(await everythingOfAnts()).toEqual(before);
  });

  /** Its scheduler is gone then, and the task waits on. */
  async function ask(): Promise<string> {
    writeFileSync(join(project.folder, "dags/asks.ts"), ASKS);
    const running = project.start("dags", "run", "asks", "--team", "ants");
    for (;;) {
      const [open] = await project.json<{ runId: string }[]>("approvals", "ls", "--team", "ants");
      if (!open) await rest(50);
      else {
        running.kill("SIGKILL");
        await once(running, "exit");
        return open.runId;
      }
    }
  }

  async function everythingOfAnts(): Promise<unknown> {
    // Ages grow between two looks.
    const of = async (...args: string[]) => withoutAges(await project.json(...args, "--team", "ants"));
    return {
      dags: await of("dags", "list"),
      runs: await of("runs", "list"),
      run: await of("runs", "show", "shapes", ants.runId),
      values: await of("tasks", "xcom", "shapes", ants.runId, "sum"),
      why: await of("cache", "explain", "shapes", ants.runId, "sum"),
      entries: await of("cache", "ls"),
      value: await of("cache", "show", ants.key),
      stats: await of("cache", "stats"),
      acts: await of("audit", "ls"),
      asked: await of("approvals", "show", "asks", ants.asking, "ok"),
    };
  }
});

function withoutAges(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output, (name, value: unknown) => (name === "ageMs" ? undefined : value)));
}

/** `cache ls` and so on: the commands that do something. */
function leavesOf(
  command: Command,
  isWanted: (command: Command) => boolean = () => true,
  path: readonly string[] = [],
): string[] {
  if (command.commands.length === 0) return isWanted(command) ? [path.join(" ")] : [];
  return command.commands.flatMap((one) => leavesOf(one, isWanted, [...path, one.name()]));
}

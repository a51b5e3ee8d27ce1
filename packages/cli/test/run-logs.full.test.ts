// The logs of a whole run: afterwards, while it goes on, and beside `dags run`.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

/** Prints, and goes on when a file is there. */
const TALKATIVE = `import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext, param } from "memodag";
export const dag = new Dag("talkative", { params: { gate: "" } });
const first = dag.task("first", async () => {
  console.log("first begins");
  console.error("on stderr");
  const { gate } = getContext().params;
  while (gate !== "" && !existsSync(String(gate))) await sleep(20);
  console.log("first ends");
  return [1, 2];
});
const each = dag.task("each", ({ n }: { n: number }) => console.log(\`value \${n}\`));
const flaky = dag.task("flaky", () => {
  const { tryNumber } = getContext().taskInstance;
  console.log(\`attempt \${tryNumber} prints\`);
  if (tryNumber < 2) throw new Error("once more");
}, { retries: 1, retryDelay: "10ms" });
const quiet = dag.task("quiet", () => 1, { cache: true });
each.partial({}).expand({ n: first({}) });
flaky({});
quiet({});
`;

class Spoken {
  readonly child: ChildProcess;
  text = "";
  readonly #heard = new Set<() => void>();

  constructor(child: ChildProcess, stream: "stdout" | "stderr") {
    this.child = child;
    child[stream]?.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
      for (const look of this.#heard) look();
    });
  }

  async until(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.text)) resolve();
      };
      this.#heard.add(look);
      this.child.once("close", () => reject(new Error(`never said ${pattern}: ${this.text}`)));
      look();
    });
  }
}

/** Lines as `name | text`, without those that memodag writes itself, and stacks. */
const said = (text: string): string[] =>
  text.split("\n").filter((line) => /\| (?!\d{4}-\d\d-\d\dT|\s+at )/.test(line));

const ALL = [
  "first | first begins",
  "first | on stderr",
  "first | first ends",
  "each[0] | value 1",
  "each[1] | value 2",
  "flaky | attempt 2 prints",
];

describe.each(TEST_DIALECTS)("logs of a run on %s", (dialect) => {
  let project: Project;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    writeFileSync(join(project.folder, "dags/talkative.ts"), TALKATIVE);
    await project.json("db", "migrate");
  });
  afterAll(async () => {
    project.remove();
    await database[Symbol.asyncDispose]();
  });

  it("are followed by another process until the run is over", async () => {
    const gate = join(project.folder, "gate");
    const run = new Spoken(
      project.start("dags", "run", "talkative", "--param", `gate=${gate}`, "--logs"),
      "stderr",
    );
    await run.until(/^first \| first begins$/m);
    const follower = new Spoken(project.start("tasks", "logs", "talkative", "latest", "--follow"), "stdout");
    await follower.until(/^first \| first begins$/m);
    expect(follower.text + run.text).not.toContain("first ends");
    writeFileSync(gate, "");
    const [[runCode], [followerCode]] = await Promise.all([
      once(run.child, "close"),
      once(follower.child, "close"),
    ]);
    expect([runCode, followerCode]).toEqual([0, 0]);
    // The follower came when the first attempt at flaky may have been over.
    const flakyOnes = (line: string) => line !== "flaky | attempt 1 prints";
    expect(said(follower.text).filter(flakyOnes).toSorted()).toEqual(ALL.toSorted());
    expect(said(run.text).toSorted()).toEqual([...ALL, "flaky | attempt 1 prints"].toSorted());
  });

  it("are printed afterwards, with the name of the instance before each line", async () => {
    const { code, stdout } = await project.run("tasks", "logs", "talkative", "latest");
    expect(code).toBe(0);
    expect(said(stdout).toSorted()).toEqual(ALL.toSorted());
    const last = await project.run("tasks", "logs", "talkative", "latest", "--tail", "2");
    expect(said(last.stdout)).toEqual(expect.arrayContaining(["first | first ends"]));
    expect(last.stdout).not.toContain("first begins");
    const followed = await project.run("tasks", "logs", "talkative", "latest", "--follow");
    expect(followed.stdout.split("\n").toSorted()).toEqual(stdout.split("\n").toSorted());
    const mapped = await project.run("tasks", "logs", "talkative", "latest", "each", "--follow");
    expect(said(mapped.stdout).toSorted()).toEqual(["each[0] | value 1", "each[1] | value 2"]);
  });

  it("as JSON are those of each task", async () => {
    const logs = await project.json<{ taskId: string; text: string }[]>(
      "tasks",
      "logs",
      "talkative",
      "latest",
    );
    expect(logs.map(({ taskId }) => taskId).toSorted()).toEqual(["each", "each", "first", "flaky", "quiet"]);
    const [first] = await project.json<object[]>("tasks", "logs", "talkative", "latest", "first");
    expect(logs).toContainEqual(first);
  });

  it("dags run --logs leaves stdout to the result", async () => {
    const { code, stdout, stderr } = await project.spawn("dags", "run", "talkative", "--logs", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: "success" });
    expect(said(stderr).toSorted()).toEqual([...ALL, "flaky | attempt 1 prints"].toSorted());
    // Of the second run, quiet was a hit: it has no log.
    const shown = await project.run("tasks", "logs", "talkative", "latest");
    expect(shown.stderr).toMatch(/^quiet was a cache hit, so no process ran/);
  });

  it.each([
    [["--follow", "--json"], /remove --json/],
    [["--map-index", "1"], /add the task id/],
    [["--try", "1", "--follow"], /add --map-index/],
    [["nothing"], /has no task "nothing"/],
    [["nothing", "--follow"], /has no task "nothing"/],
  ] as const)("refuse %j", async (options, message) => {
    expect(await project.run("tasks", "logs", "talkative", "latest", ...options)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(message),
    });
  });
});

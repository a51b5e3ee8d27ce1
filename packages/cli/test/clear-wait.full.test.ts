// `memodag tasks clear --wait`: until the cleared instances have finished, whatever else the run does.

import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

/** `use` fails until there is a file, and `slow` goes on until there is another. */
const DAG = `import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag } from "memodag";
export const dag = new Dag("flaky");
const use = dag.task("use", ({ n }: { n: number }) => {
  if (!existsSync("../go")) throw new Error("not yet");
  return n;
});
const slow = dag.task("slow", async () => {
  while (existsSync("../hold")) await sleep(20);
});
use.partial({}).expand({ n: [1, 2] });
slow({});
`;

interface Waited {
  readonly state: string;
  readonly cleared: readonly object[];
  readonly finished: readonly { readonly taskId: string; readonly state: string }[];
}

describe.each(TEST_DIALECTS)("tasks clear --wait on %s", (dialect) => {
  let project: Project;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let scheduler: ReturnType<Project["start"]>;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    writeFileSync(join(project.folder, "dags/flaky.ts"), DAG);
    await project.json("db", "migrate");
    await project.run("dags", "run", "flaky");
    scheduler = project.start("scheduler");
  });
  afterAll(async () => {
    const ended = once(scheduler, "exit");
    scheduler.kill("SIGTERM");
    await ended;
    project.remove();
    await database[Symbol.asyncDispose]();
  });

  const clear = (...options: string[]) =>
    project.spawn("tasks", "clear", "flaky", "latest", ...options, "--wait");

  it("ends with 1 where an instance fails again", async () => {
    const { code, stdout } = await clear("use", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      cleared: [{ mapIndex: 0 }, { mapIndex: 1 }],
      finished: [
        { taskId: "use", mapIndex: 0, state: "failed", tryNumber: 2 },
        { taskId: "use", mapIndex: 1, state: "failed", tryNumber: 2 },
      ],
    });
  });

  it("ends with 0 and a table where all succeed, while the run goes on with others", async () => {
    writeFileSync(join(project.folder, "hold"), "");
    writeFileSync(join(project.folder, "go"), "");
    await project.run("tasks", "clear", "flaky", "latest", "slow");
    const { code, stdout, stderr } = await clear("use");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^TASK .*\nuse \(2\) +2 success +3 /);
    expect(stderr).toContain("The run is queued");
    expect(await project.json("runs", "show", "flaky", "latest")).toMatchObject({ state: "running" });
    rmSync(join(project.folder, "hold"));
  });

  it("has nothing to wait for where nothing is cleared", async () => {
    const waited = await project.json<Waited>("tasks", "clear", "flaky", "latest", "--wait");
    expect(waited).toMatchObject({ cleared: [], finished: [] });
  });
});

// What a cached task depends on beside its code and its arguments: declared files, the runtime, programs.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Project } from "./project.ts";

interface RunReport {
  readonly runId: string;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly cacheStatus: string;
    readonly cacheReason: string | null;
  }[];
}

const DAG = `import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Dag } from "memodag";
export const dag = new Dag("around");
const read = (folder: string) =>
  readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), "utf8")).join();
dag.task("files", () => read("data"), { cache: { files: ["data"] } })();
dag.task("changing", () => {
  appendFileSync("moving/rows.csv", "more");
  return 1;
}, { cache: { files: ["moving/*.csv"] } })();
dag.task("zone", () => new Date(0).getHours(), { cache: true })();
dag.task("elsewhere", () => 1, { cache: true })();
dag.command("program", { command: ["./tool.sh"], sources: [], cache: true })();
dag.command("reader", { command: ["sh", "-c", "cat data/a.csv > $MEMODAG_RESULT"], sources: [], cache: { files: ["data/a.csv"] } })();
`;

let project: Project;

beforeAll(() => {
  project = new Project();
  for (const name of ["data", "moving"]) mkdirSync(join(project.folder, "dags", name));
  write("around.ts", DAG);
  write("data/a.csv", "1");
  write("moving/rows.csv", "rows");
  write("tool.sh", "#!/bin/sh\nexit 0\n");
  chmodSync(join(project.folder, "dags/tool.sh"), 0o755);
});
afterAll(() => {
  vi.unstubAllEnvs();
  project.remove();
});

function write(path: string, text: string): void {
  writeFileSync(join(project.folder, "dags", path), text);
}

async function run() {
  const { runId, tasks } = await project.json<RunReport>("dags", "run", "around");
  const statuses = Object.fromEntries(tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));
  const reasons = Object.fromEntries(tasks.map(({ taskId, cacheReason }) => [taskId, cacheReason]));
  const explain = async (taskId: string) => await project.run("cache", "explain", "around", runId, taskId);
  return { statuses, reasons, explain };
}

test("files, zone, Node and programs are in the key, and what changed is named", async () => {
  const first = await run();
  expect(first.statuses).toMatchObject({
    files: "populated",
    changing: "uncacheable",
    zone: "populated",
    program: "populated",
    reader: "populated",
  });
  expect(first.reasons["changing"]).toBe("input_changed(file:moving/rows.csv)");

  const second = await run();
  expect(second.statuses).toMatchObject({
    files: "hit",
    changing: "uncacheable",
    zone: "hit",
    elsewhere: "hit",
    program: "hit",
    reader: "hit",
  });

  write("data/b.csv", "2");
  const third = await run();
  expect(third.statuses).toMatchObject({ files: "populated", elsewhere: "hit", reader: "hit" });
  expect((await third.explain("files")).stdout).toMatch(
    /files missed: .*\n(.*\n)*file +data\/b\.csv +– +\w{12}/,
  );

  write("data/a.csv", "3");
  const fourth = await run();
  expect(fourth.statuses).toMatchObject({ files: "populated", zone: "hit", reader: "populated" });
  expect((await fourth.explain("reader")).stdout).toContain("missed: file data/a.csv changed since run");

  write("tool.sh", "#!/bin/sh\n\nexit 0\n");
  const fifth = await run();
  expect(fifth.statuses).toMatchObject({ program: "populated", reader: "hit", elsewhere: "hit" });
  expect((await fifth.explain("program")).stdout).toMatch(/program tool\.sh .*tool\.sh/);

  vi.stubEnv("TZ", "Asia/Tokyo");
  const sixth = await run();
  expect(sixth.statuses).toMatchObject({ zone: "populated", elsewhere: "populated", program: "hit" });
  expect((await sixth.explain("zone")).stdout).toMatch(/missed: runtime tz .* → Asia\/Tokyo since run/);
  expect((await run()).statuses).toMatchObject({ zone: "hit", elsewhere: "hit" });

  write("patch.cjs", "");
  vi.stubEnv("NODE_OPTIONS", `--require ${join(project.folder, "dags/patch.cjs")}`);
  const seventh = await project.json<RunReport>("dags", "run", "around");
  expect(seventh.tasks.find(({ taskId }) => taskId === "zone")).toMatchObject({
    cacheStatus: "uncacheable",
    cacheReason: expect.stringMatching(/^runtime_unknown\(.*--require .*patch\.cjs\)$/),
  });
});

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { reasonSentence, systemClock, type AuditEntry, type DagRun, type TaskInstance } from "@memodag/core";
import { openMetastore, type Metastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const ONE = `import { Dag } from "memodag";
export const dag = new Dag("one");
dag.task("only", () => 1, { cache: true })({});
`;

/** A scheduler in a process of its own, and when it said what. */
class SchedulerProcess {
  readonly #child: ChildProcess;
  readonly #lines: { readonly text: string; readonly at: number }[] = [];
  #heard = (): void => undefined;

  constructor(project: Project) {
    this.#child = project.start("scheduler");
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#lines.push({ text: chunk.toString(), at: Date.now() });
      this.#heard();
    });
  }

  /** When it said these words, from a time on. */
  async said(words: string, since: number): Promise<number> {
    for (;;) {
      const line = this.#lines.find(({ text, at }) => at >= since && text.includes(words));
      if (line) return line.at;
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  async kill(): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

describe.each(TEST_DIALECTS)("two schedulers on %s", (dialect) => {
  let database: TestDatabase;
  let project: Project;
  let metastore: Metastore;
  let schedulers: SchedulerProcess[];
  let config: string;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    config = `core.parallelism = 2\n[database]\nurl = "${database.url}"\n[scheduler]\npoll_interval = "50ms"
max_runs = 2\n[[bundles]]\nname = "dags"\npath = "dags"\n`;
    project = new Project(config);
    writeFileSync(join(project.folder, "dags/one.ts"), ONE);
    await project.json("db", "migrate");
    await project.json<RunReport>("dags", "run", "one");
    metastore = await openMetastore(database.url);
    const since = Date.now();
    schedulers = [new SchedulerProcess(project), new SchedulerProcess(project)];
    await Promise.all(schedulers.map((scheduler) => scheduler.said("scheduler started", since)));
  });
  afterAll(async () => {
    await Promise.all(schedulers.map((scheduler) => scheduler.kill()));
    await metastore.close();
    await database.drop();
    project.remove();
  });

  async function trigger(): Promise<DagRun> {
    const [version] = await metastore.dags.findDagVersions("one");
    if (!version) throw new Error("the Dag was not read");
    const request = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
    return await triggerRun(metastore.runs, systemClock, request);
  }

  /** The one instance of a run, once the run has ended. */
  async function outcome({ team, dagId, runId, id }: DagRun): Promise<TaskInstance> {
    while ((await metastore.runs.findRun(team, dagId, runId))?.endedAt === null) await rest(20);
    const [instance] = await metastore.runs.listTaskInstances(team, id);
    if (!instance) throw new Error("the run has no instance");
    return instance;
  }

  /** Turns a switch while runs are made, and gives what became of those of before and of after it. */
  async function turn(how: () => void | Promise<void>, words: string) {
    const runs = [await trigger()];
    const isOver = new AbortController();
    const making = (async () => {
      for (; !isOver.signal.aborted; await rest(60)) runs.push(await trigger());
    })();
    await Promise.all(runs.map(outcome));
    const since = Date.now();
    await how();
    await Promise.all(schedulers.map((scheduler) => scheduler.said(words, since)));
    const firstAfter = runs.length;
    runs.push(...(await Promise.all([trigger(), trigger(), trigger()])));
    isOver.abort();
    await making;
    const outcomes = await Promise.all(runs.map(outcome));
    return { before: outcomes.slice(0, firstAfter), after: outcomes.slice(firstAfter) };
  }

  const hits = (instances: readonly TaskInstance[]) =>
    instances.filter(({ cacheStatus }) => cacheStatus === "hit").length;

  it("record no hit for a run made after they heard that the cache was disabled by command, and say by whom", async () => {
    const { before, after } = await turn(async () => {
      await project.json("cache", "disable", "--reason", "bad data");
    }, "caching was disabled");
    expect(hits(before)).toBeGreaterThan(0);
    for (const { cacheStatus, cacheReason } of after) {
      expect(cacheStatus).toBe("disabled");
      expect(cacheReason && reasonSentence(cacheReason)).toMatch(
        /^memodag cache disable by \S+@\S+ at \d{4}-\S+: bad data$/,
      );
    }
    const stats = await project.run("cache", "stats");
    expect(stats.stderr).toMatch(/^Caching is off: memodag cache disable by .*: bad data\.$/m);
    const since = Date.now();
    await project.json("cache", "enable", "--reason", "mended");
    await Promise.all(schedulers.map((scheduler) => scheduler.said("caching was enabled", since)));
    expect(await outcome(await trigger())).toMatchObject({ cacheStatus: "hit" });
  });

  it("nor after it was turned off in the config file", async () => {
    const file = join(project.folder, "memodag.toml");
    const off = `core.task_caching_enabled = false\n${config}`;
    const { after } = await turn(() => writeFileSync(file, off), "core.task_caching_enabled: true → false");
    for (const { cacheStatus, cacheReason } of after) {
      expect(cacheStatus).toBe("disabled");
      expect(cacheReason && reasonSentence(cacheReason)).toBe(
        `core.task_caching_enabled is false in ${file}`,
      );
    }
    expect(await project.run("cache", "enable")).toMatchObject({
      code: 0,
      stderr: `It stays off all the same: core.task_caching_enabled is false in ${file}.\n`,
    });
    const seen = () => project.json<AuditEntry[]>("audit", "ls", "--action", "config.change");
    const pids = async () => new Set((await seen()).map(({ filter }) => filter["pid"]));
    await expect.poll(pids, { timeout: 45_000 }).toHaveProperty("size", 2);
    const seenBy = await seen();
    for (const { filter } of seenBy)
      expect(filter).toMatchObject({ "core.task_caching_enabled": [true, false] });
    const since = Date.now();
    writeFileSync(file, config);
    await Promise.all(
      schedulers.map((scheduler) => scheduler.said("core.task_caching_enabled: false → true", since)),
    );
    expect(await outcome(await trigger())).toMatchObject({ cacheStatus: "hit" });
  });

  it("take a new default_ttl from the config file as they run", async () => {
    const file = join(project.folder, "memodag.toml");
    const since = Date.now();
    writeFileSync(file, `${config}[task_cache]\ndefault_ttl = "1ms"\n`);
    await Promise.all(schedulers.map((scheduler) => scheduler.said("task_cache.default_ttl", since)));
    expect(await outcome(await trigger())).toMatchObject({ cacheStatus: "populated" });
  });
});

describe("a task, a Dag and a run", () => {
  it("have switches of their own, and are told apart", async () => {
    const project = new Project();
    try {
      const closed = ONE.replace('new Dag("one")', 'new Dag("closed", { cache: false })');
      writeFileSync(join(project.folder, "dags/one.ts"), ONE);
      writeFileSync(join(project.folder, "dags/closed.ts"), closed);
      const plain = ONE.replace('"one"', '"plain"').replace("{ cache: true }", "{ cache: false }");
      writeFileSync(join(project.folder, "dags/plain.ts"), plain);
      const reasonOf = async (...args: string[]) => {
        const { tasks } = await project.json<RunReport>("dags", "run", ...args);
        expect(tasks[0]?.cacheStatus).toBe("disabled");
        return tasks[0]?.cacheReason;
      };
      expect(await reasonOf("plain")).toBe("the task does not say cache: true");
      expect(await reasonOf("closed")).toBe("the Dag says cache: false");
      expect(await reasonOf("one", "--no-cache")).toBe("the run was started with --no-cache");
      await project.run("cache", "disable");
      expect(await reasonOf("one")).toMatch(/^memodag cache disable by \S+ at \S+Z$/);
      expect(await project.json("cache", "stats")).toMatchObject({ entries: 0, breakers: [] });
    } finally {
      project.remove();
    }
  });
});

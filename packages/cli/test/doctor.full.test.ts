import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openMetastore } from "@memodag/metastore";
import { loadConfig } from "@memodag/config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFinding, lookAtClocks, lookAtRuns, lookAtWorker } from "@memodag/deployment/doctor";
import { findFaults, soundProject, type Answer } from "./doctor-project.ts";
import { Project } from "./project.ts";

describe("doctor", () => {
  let project: Project;
  beforeAll(() => {
    project = soundProject();
  });
  afterAll(() => project.remove());

  it("looks at everything, and says that all is well", async () => {
    const { code, stdout } = await project.run("doctor");
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(/ +/).slice(0, 2).join(" "))).toEqual([
      "ok config",
      "ok database",
      "ok clock",
      "ok cache",
      "ok switch",
      "ok breaker",
      "ok runs",
      "ok folders",
      "ok disk",
      "ok disk",
      "ok dags",
      "ok worker",
      "",
    ]);
    expect(stdout).toMatch(/^ok {4}dags +2 in 2 files$/m);
    expect(await project.json("doctor")).toMatchObject({ ok: true });
  });

  it("stores no Dag that it read", async () => {
    await using metastore = await openIn(project);
    expect(await metastore.dags.listDagFiles()).toEqual([]);
  });

  it("tells of switches and breakers without failing", async () => {
    await project.run("cache", "disable", "--reason", "bad data");
    await using metastore = await openIn(project);
    const broken = { scheduler: "h:1", state: "open", since: 0, error: "refused" } as const;
    await metastore.breakers.report(broken, 60_000);
    const { code, stdout } = await project.run("doctor");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^warn {2}switch +caching is off: .*: bad data; `memodag cache enable`/m);
    expect(stdout).toMatch(/^warn {2}breaker +scheduler h:1 leaves the cache alone, open .*refused/m);
    await metastore.breakers.report({ ...broken, state: "closed" }, 0);
    await project.run("cache", "enable");
  });

  it("tells of runs that wait while no scheduler is there", async () => {
    await using metastore = await openIn(project);
    await project.json("dags", "trigger", "shapes");
    const now = Date.now();
    expect(await lookAtRuns(metastore, now)).toMatchObject([{ status: "ok" }]);
    expect(await lookAtRuns(metastore, now + 60_000)).toEqual([
      {
        check: "runs",
        status: "warn",
        message: "1 run is queued, and no scheduler is alive: start `memodag scheduler`",
      },
    ]);
    const [run] = await metastore.runs.listRuns({ limit: 1 });
    await project.run("runs", "cancel", "shapes", run!.runId);
    expect(await lookAtRuns(metastore, now + 60_000)).toMatchObject([{ status: "ok" }]);
  });

  it.each([
    ["params of the run", "update dag_run set params = '[' where state = 'queued'", /its row cannot be read/],
    ["version of the Dag", "update dag_version set dag = '{'", /the version of its Dag cannot be read/],
  ])(
    "tells of runs that no scheduler can load, as runs show does: damaged %s",
    async (_what, damage, reason) => {
      const own = soundProject();
      try {
        await own.json("dags", "trigger", "shapes");
        const url = `sqlite:${join(own.folder, ".memodag/metadata.db")}`;
        const metastore = await openMetastore(url);
        const [run] = await metastore.runs.listRuns({ limit: 1 });
        await metastore.close();
        const file = new DatabaseSync(url.slice("sqlite:".length));
        file.exec(damage);
        file.close();
        const shown = await own.run("runs", "show", "shapes", run!.runId);
        expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(reason) });
        expect(shown.stdout).toContain(`\`memodag runs cancel shapes ${run!.runId}\` ends it`);
        expect(await own.json("runs", "show", "shapes", run!.runId)).toMatchObject({
          fault: expect.stringMatching(reason),
        });
        const { checks } = JSON.parse((await own.run("doctor", "--json")).stdout) as Answer;
        expect(checks).toContainEqual(
          expect.objectContaining({ check: "runs", status: "fail", message: expect.stringMatching(reason) }),
        );
        expect(await own.run("runs", "list")).toMatchObject({ code: 0 });
        expect(await own.run("runs", "cancel", "shapes", run!.runId)).toMatchObject({ code: 0 });
      } finally {
        own.remove();
      }
    },
  );

  it.each([
    [0, "fail", "the disk is full: 0B free for logs in /var/x: free some space"],
    [4_096, "fail", "the disk is full: 4KiB free"],
    [200 * 2 ** 20, "warn", "200MiB free for logs in /var/x: free some space"],
    [2 ** 40, "ok", "1024GiB free for logs in /var/x"],
  ] as const)("calls %d free bytes of a disk %s", (freeBytes, status, message) => {
    const finding = diskFinding({ what: "logs", folder: "/var/x", freeBytes });
    expect(finding).toMatchObject({ check: "disk", status, message: expect.stringContaining(message) });
  });

  it("says where it looked for a config file that is not there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-empty-"));
    try {
      const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
        execFile(process.execPath, [project.bin, "doctor"], { cwd: folder }, (_error, out) =>
          resolve({ stdout: out }),
        );
      });
      expect(stdout).toMatch(
        /^warn +config +no config file was found.*\$MEMODAG_CONFIG \(not set\), .*memodag\.toml, .*config\/memodag\.toml/m,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("names a Dag file that cannot be read, and where", async () => {
    writeFileSync(
      join(project.folder, "dags/half.ts"),
      "import { Dag } from 'memodag';\nexport const dag = ",
    );
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^fail dags: dags\/half\.ts: half\.ts:2:/),
    ]);
    expect((await project.run("doctor")).code).toBe(1);
    rmSync(join(project.folder, "dags/half.ts"));
  });

  it("lists what the config says and rarely means, as `config check` does", async () => {
    const odd = new Project(
      'core.task_cache_backend = "memory"\n[database]\nurl = "postgres://u:hunter2@127.0.0.1:1/db"\n' +
        '[task_cache]\nlookup_timeout = "1m"\nmax_size = "1GiB"\ngc_interval = "never"\n',
    );
    const paths = [
      "core.task_cache_backend",
      "database.url",
      "task_cache.lookup_timeout",
      "task_cache.max_size",
    ];
    const { warnings } = await odd.json<{ warnings: { path: string }[] }>("config", "check");
    expect(warnings.map(({ path }) => path)).toEqual([...paths, "bundles"]);
    const { code, stdout } = await odd.run("doctor");
    expect(code).toBe(1);
    for (const path of paths) expect(stdout).toContain(`warn  config    ${path}: `);
    expect(stdout).toMatch(/^fail {2}database +cannot open the database .*check that it runs/m);
    expect(stdout).toMatch(/^warn {2}dags +no Dag in any folder/m);
    expect(stdout).not.toContain("hunter2");
    odd.remove();
  });

  it("names every fault of a config, and stops there", async () => {
    const faulty = new Project("core.paralelism = 3\ncore.parallelism = 0\n");
    const { code, stdout } = await faulty.run("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}config +.*memodag\.toml has 2 faults:/);
    expect(stdout).toMatch(/did you mean core\.parallelism\?/);
    expect(stdout).not.toMatch(/worker/);
    faulty.remove();
  });

  it("warns of a folder and a database that others may look into", async () => {
    const open = soundProject();
    try {
      const state = join(open.folder, ".memodag");
      await open.run("db", "migrate");
      chmodSync(state, 0o755);
      chmodSync(join(state, "metadata.db"), 0o644);
      const { stdout } = await open.run("doctor");
      expect(stdout).toMatch(/\.memodag is open to other users of this machine: `chmod 700` it/);
      expect(stdout).toMatch(/metadata\.db is open to other users of this machine: `chmod 600` it/);
    } finally {
      open.remove();
    }
  });

  it("names a folder that cannot be written to", async () => {
    const stuck = soundProject('core.state_dir = "/dev/null/state"\n[database]\nurl = "sqlite:m.db"\n');
    expect(await findFaults(stuck)).toEqual([
      expect.stringMatching(/^fail folders: \/dev\/null\/state cannot be written to .*state_dir/),
    ]);
    stuck.remove();
  });

  it("says that no worker could run, and why", async () => {
    const loaded = loadConfig({ cwd: project.folder, env: {} });
    expect(await lookAtWorker(loaded, "/dev/null/scratch")).toMatchObject([
      { check: "worker", status: "fail", message: expect.stringMatching(/^no worker could run a task: /) },
    ]);
  });

  it.each([
    [0, 0, "ok", "agree"],
    [1_500, 400, "ok", "agree"],
    [-1_999, 0, "ok", "agree"],
    [2_500, 400, "warn", "2.1s behind"],
    [-2_500, 0, "warn", "2.5s ahead of"],
    [60_400, 400, "fail", "1m behind"],
  ])("takes a database %i ms ahead that answers after %i ms for %s", async (ahead, took, status, words) => {
    const times = [1_000_000, 1_000_000 + took];
    const database = { readClock: async () => 1_000_000 + ahead };
    expect(await lookAtClocks(database, { now: () => times.shift() ?? Number.NaN })).toEqual([
      { check: "clock", status, message: expect.stringContaining(words) },
    ]);
  });
});

async function openIn({ folder }: Project) {
  const metastore = await openMetastore(`sqlite:${join(folder, ".memodag/metadata.db")}`);
  return { ...metastore, [Symbol.asyncDispose]: () => metastore.close() };
}

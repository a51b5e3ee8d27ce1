import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import type { Collection, CollectionPlan, Verification } from "@memodag/result-cache";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CacheStats } from "@memodag/operations/cache";
import type { RecordReport } from "@memodag/operations/cache";
import { Project } from "./project.ts";

const BUNDLE = '[[bundles]]\nname = "dags"\npath = "dags"\n';
const HOURS_AGO = 2 * 3_600_000;

// In order: each goes on with what the one before it left.
describe.each(TEST_DIALECTS)("collecting and verifying on %s", (dialect) => {
  let database: TestDatabase;
  let project: Project;
  let sum: RecordReport;
  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(`[database]\nurl = ${JSON.stringify(database.url)}\n${BUNDLE}`);
    await project.run("db", "migrate");
    await project.run("dags", "run", "shapes");
    await project.run("dags", "run", "shapes");
    [sum] = (await project.json("cache", "ls", "--task", "sum")) as [RecordReport];
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  it("show: tells of results that differed", async () => {
    const untold = { nondeterministicCount: 0, lastDiffering: null };
    expect(await project.json("cache", "show", sum.key)).toMatchObject(untold);
    const metastore = await openMetastore(database.url);
    const [record] = await metastore.records.list({ key: sum.key }, { limit: 1, offset: 0 });
    const xcoms = [{ key: "return_value", digest: "f".repeat(64), sizeBytes: 2 }];
    const producer = { runId: "other run", mapIndex: -1, tryNumber: 1 };
    await metastore.records.put({ ...record!, xcoms, producer, ttlMs: null }, "keep-live");
    await metastore.close();
    expect(await project.json("cache", "show", sum.key)).toMatchObject({
      resultDigest: sum.resultDigest,
      nondeterministicCount: 1,
      lastDiffering: { resultDigest: "f".repeat(64), runId: "other run", at: expect.stringMatching(/Z$/) },
    });
    expect((await project.run("cache", "show", sum.key)).stdout).toMatch(
      /^nondeterministic +1 result with other bytes, the last by run other run/m,
    );
  });

  it("gc: says what would go, and then removes that", async () => {
    await database.execute(`
      update cache_record set expires_at = 1 where task_id = 'draw' and producer_map_index = 0;
      update result set created_at = created_at - ${HOURS_AGO}`);
    const plan = await project.json<CollectionPlan>("cache", "gc", "--dry-run");
    const nothing = { count: 0, sizeBytes: 0 };
    expect(plan).toMatchObject({ dryRun: true, expired: { count: 1 }, evicted: nothing, bytes: nothing });
    expect(plan.items).toMatchObject([{ kind: "expired", dagId: "shapes", taskId: "draw" }]);
    const { stdout } = await project.run("cache", "gc", "--dry-run");
    expect(stdout).toMatch(/^WHAT +KEY OR DIGEST +TEAM +DAG +TASK +SIZE +AGE\n/);
    expect(stdout).toMatch(/^expired entry +[0-9a-f]{12} +default +shapes +draw +\d+B +\S+$/m);
    expect(stdout).toMatch(/^expired entries +1 +\d+B$/m);
    expect(await project.json("cache", "ls")).toHaveLength(4);
    const gone = await project.json<Collection>("cache", "gc");
    // The run's XComs name the bytes, too.
    expect(gone).toMatchObject({ dryRun: false, expired: plan.expired, bytes: nothing });
    expect(await project.json("cache", "ls")).toHaveLength(3);
    expect((await project.run("cache", "gc")).stdout).toBe("Nothing had to go.\n");
  });

  it("gc: evicts what was used least recently when there is too much", async () => {
    await database.execute("update cache_record set last_hit_at = last_hit_at + 1000 where task_id = 'sum'");
    process.env["MEMODAG__TASK_CACHE__MAX_SIZE"] = "2B";
    try {
      expect(await project.json("cache", "gc")).toMatchObject({ evicted: { count: 2 } });
      expect(await project.json("cache", "ls")).toMatchObject([{ key: sum.key, sizeBytes: 2 }]);
    } finally {
      delete process.env["MEMODAG__TASK_CACHE__MAX_SIZE"];
    }
  });

  it("stats: what was counted outlives what was remembered", async () => {
    const stats = await project.json<CacheStats>("cache", "stats");
    expect(stats).toMatchObject({
      entries: 1,
      hits: 4,
      misses: 4,
      hitRate: 0.5,
      populated: 4,
      putFailures: 0,
    });
    expect(stats.savedMs).toBeGreaterThan(0);
    expect(stats.tasks).toMatchObject([
      { taskId: "draw", entries: 0, sizeBytes: 0, hits: 3, misses: 3 },
      { taskId: "sum", entries: 1, sizeBytes: 2, hits: 1, misses: 1 },
    ]);
    expect(await project.json("cache", "stats", "--task", "sum")).toMatchObject({ hits: 1, tasks: [{}] });
  });

  it("verify: finds what is wrong, repairs what it may, and says by its exit code what is left", async () => {
    const sound = await project.run("cache", "verify");
    expect(sound).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Checked 1 entry .*all is sound/m),
    });
    const changed = dialect === "sqlite" ? "x'3433'" : "'43'::bytea";
    await database.execute(`update result set bytes = ${changed} where digest = '${sum.resultDigest}'`);
    const found = await project.run("cache", "verify");
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^entry with damaged bytes +[0-9a-f]{12} +default +shapes\.sum/m);
    const repaired = await project.run("cache", "verify", "--repair", "--json");
    expect(repaired.code).toBe(1);
    expect(JSON.parse(repaired.stdout)).toMatchObject({
      ok: false,
      repaired: true,
      badRecords: [{ key: sum.key, problem: "integrity_failed" }],
      damaged: [{ digest: sum.resultDigest, isShown: true }],
    });
    expect(await project.json("cache", "ls")).toEqual([]);
    await database.execute("delete from xcom");
    const last = await project.json<Verification>("cache", "verify", "--repair");
    expect(last).toMatchObject({ ok: true, badRecords: [] });
    expect(last.orphans).toHaveLength(4);
    expect((await project.run("cache", "verify")).code).toBe(0);
  });
});

describe.each(TEST_DIALECTS)("results exchanged on %s", (dialect) => {
  it("verify finds records whose result was exchanged, not those of before or of another key", async () => {
    const database = await createTestDatabase(dialect);
    const project = new Project(`[database]\nurl = ${JSON.stringify(database.url)}\n${BUNDLE}`);
    try {
      await project.run("db", "migrate");
      await project.run("dags", "run", "shapes");
      const draws = await project.json<RecordReport[]>("cache", "ls", "--task", "draw");
      const [first, second, third] = draws.map(({ key }) => key);
      expect(await project.json("cache", "verify")).toMatchObject({
        ok: true,
        seals: { right: 4, wrong: 0, none: 0, foreign: 0 },
      });
      await database.execute(`update cache_record set seal = null where key = '${third}'`);
      const other = `(select xcoms from cache_record where key = '${second}')`;
      await database.execute(`update cache_record set xcoms = ${other} where key = '${first}'`);
      const found = await project.run("cache", "verify");
      expect(found.code).toBe(1);
      expect(found.stdout).toMatch(/^entry with another result than it was stored with +[0-9a-f]{12}/m);
      expect(found.stdout).toMatch(/^Not checked .*: 1 entry has no seal\.$/m);
      const secretKey = join(project.folder, ".memodag/secret.key");
      renameSync(secretKey, `${secretKey}.away`);
      const elsewhere = await project.run("cache", "verify");
      expect(elsewhere.code).toBe(0);
      expect(elsewhere.stdout).toMatch(
        /: 1 entry has no seal, 3 seals were made with another secret\.key\.$/m,
      );
      renameSync(`${secretKey}.away`, secretKey);
      const repaired = await project.json<Verification>("cache", "verify", "--repair");
      expect(repaired).toMatchObject({ ok: true, badRecords: [{ key: first, problem: "seal_wrong" }] });
      const left = await project.json<RecordReport[]>("cache", "ls", "--task", "draw");
      expect(left.map(({ key }) => key).sort()).toEqual([second, third].sort());
    } finally {
      project.remove();
      await database.drop();
    }
  });
});

it("verify finds files of records whose result was exchanged", async () => {
  const project = new Project(`[core]\ntask_cache_backend = "filesystem"\n${BUNDLE}`);
  try {
    await project.run("dags", "run", "shapes");
    const [first, second] = await project.json<RecordReport[]>("cache", "ls", "--task", "draw");
    const cache = join(project.folder, ".memodag/cache");
    const files = readdirSync(cache, { recursive: true, encoding: "utf8" });
    const fileOf = (key: string) =>
      join(
        cache,
        files.find((path) => path.includes(`records/`) && path.includes(key))!,
      );
    const recordIn = (key: string) =>
      JSON.parse(readFileSync(fileOf(key), "utf8")) as object & { xcoms: object };
    const { xcoms } = recordIn(second!.key);
    writeFileSync(fileOf(first!.key), JSON.stringify({ ...recordIn(first!.key), xcoms }));
    const found = await project.run("cache", "verify", "--json");
    expect(found.code).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject({
      badRecords: [{ key: first!.key, problem: "seal_wrong" }],
      seals: { right: 3, wrong: 1 },
    });
  } finally {
    project.remove();
  }
});

it("the filesystem backend is collected and verified, and runs' XComs beside it", async () => {
  const project = new Project(`[core]\ntask_cache_backend = "filesystem"\n${BUNDLE}`);
  try {
    await project.run("dags", "run", "shapes");
    const [record] = await project.json<RecordReport[]>("cache", "ls", "--task", "sum");
    const found = await project.json<Verification>("cache", "verify");
    expect(found).toMatchObject({ ok: true, checked: { records: 4, results: 4 } });
    const digest = record!.resultDigest!;
    const path = join(project.folder, ".memodag/cache/results/team-default", digest.slice(0, 2), digest);
    expect(readFileSync(path, "utf8")).toBe("42");
    await project.run("cache", "purge", "--all", "--yes");
    expect(await project.json("cache", "gc", "--dry-run")).toMatchObject({ bytes: { count: 0 } });
  } finally {
    project.remove();
  }
});

it("verify calls no record bad whose bytes are in a store that runs do not refer to", async () => {
  const stores = `[[stores]]\nname = "own"\nkind = "memory"\n`;
  const project = new Project(`[task_cache]\nresult_store = "filesystem"\n${stores}${BUNDLE}`);
  try {
    writeFileSync(
      join(project.folder, "dags/apart.ts"),
      `import { Dag } from "memodag";
export const dag = new Dag("apart");
dag.task("apart", () => 1, { cache: { resultStorage: "own" } })({});
`,
    );
    await project.run("dags", "run", "apart");
    const found = await project.json<Verification>("cache", "verify", "--repair");
    expect(found).toMatchObject({ ok: true, checked: { records: 1 }, badRecords: [], seals: { right: 1 } });
    expect(await project.json("cache", "ls")).toHaveLength(1);
  } finally {
    project.remove();
  }
});

/** Runs for longer than the shortest interval between collections. */
const LONG_DAG = `import { Dag } from "memodag";
import { setTimeout as rest } from "node:timers/promises";
export const dag = new Dag("long");
dag.task("only", () => rest(2_500))({});
`;

it("a scheduler collects beside what it runs", async () => {
  const project = new Project(`[task_cache]\ngc_interval = "1s"\n${BUNDLE}`);
  try {
    await project.run("dags", "run", "shapes");
    expect(await project.json("cache", "ls")).toHaveLength(4);
    const metastore = await openMetastore(`sqlite:${join(project.folder, ".memodag/metadata.db")}`);
    for (const record of await metastore.records.list({}, { limit: 9, offset: 0 })) {
      await metastore.records.put({ ...record, ttlMs: 0 }, "replace");
    }
    await metastore.close();
    writeFileSync(join(project.folder, "dags/long.ts"), LONG_DAG);
    await project.run("dags", "run", "long");
    expect(await project.json("cache", "ls")).toEqual([]);
  } finally {
    project.remove();
  }
});

// `caches ls|stats|clear` and `entries … --cache`, on both databases, and with a server that is away.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "@memodag/core";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import type { CacheReport } from "@memodag/operations/caches";
import { findOperation } from "@memodag/operations/contract";
import type { EntryReport } from "@memodag/operations/entries";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const CACHES = `
[[caches]]
name = "rates"
kind = "values"
[[caches]]
name = "local"
kind = "values"
adapter = "memory"
[[caches]]
name = "models"
kind = "entries"
scope = "team"
max_size = "1GiB"
[[caches]]
name = "drafts"
kind = "entries"
scope = "dag"
[[caches]]
name = "away"
kind = "values"
adapter = "redis"
url = "redis://127.0.0.1:1"
`;

/** A file that exports two Dags which do the same. */
const DAGS = `import { Dag, getCache, getValueCache } from "memodag";
function fills(name: string): Dag {
  const dag = new Dag(name);
  dag.task("fill", async () => {
    const rates = getValueCache("rates");
    await rates.getOrCreate("eur/" + name, () => 1);
    await rates.getOrCreate("eur/" + name, () => 2);
    await rates.getOrCreate("usd", () => 3);
    await getCache("models").save("best/" + name, "the model of " + name);
    await getCache("drafts").save("page", "the draft of " + name);
  })();
  return dag;
}
export const first = fills("first");
export const second = fills("second");
`;

describe.each(TEST_DIALECTS)("caches of the config on %s", { timeout: 120_000 }, (dialect) => {
  let database: TestDatabase;
  let project: Project;
  let runIds: readonly string[];
  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n${CACHES}`,
    );
    writeFileSync(join(project.folder, "dags/fills.ts"), DAGS);
    await project.run("db", "migrate");
    const ran: string[] = [];
    for (const dag of ["first", "second"])
      ran.push((await project.json<RunReport>("dags", "run", dag)).runId);
    runIds = ran;
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  function expectOutputOf(operation: string, printed: unknown): void {
    expect(findOperation(operation)?.output.parse(printed)).toEqual(printed);
  }

  it("are listed with what is in them, and why that cannot be told", async () => {
    const found = await project.json<CacheReport[]>("caches", "ls");
    expectOutputOf("caches.list", found);
    expect(found.map(({ name, kind, scope, store, size }) => [name, kind, scope, store, size])).toEqual([
      ["away", "values", null, "redis", null],
      ["drafts", "entries", "dag", "metadata-db", 2],
      ["local", "values", null, "memory", null],
      ["models", "entries", "team", "metadata-db", 2],
      ["rates", "values", null, "metadata-db", 3],
    ]);
    expect(found[2]?.problem).toMatch(/in the memory of each scheduler/);
    expect(found[0]?.problem).not.toBeNull();
    expect((await project.run("caches", "ls")).stdout).toMatch(
      /^models +default +entries +team +metadata-db +2 /m,
    );
  });

  it("show their counts, sizes and keys", async () => {
    const rates = await project.json("caches", "stats", "rates");
    expectOutputOf("caches.stats", rates);
    expect(rates).toMatchObject({
      hits: 3,
      misses: 3,
      hitRate: 0.5,
      size: 3,
      keys: ["eur/first", "eur/second", "usd"],
    });
    const models = await project.json("caches", "stats", "models");
    expectOutputOf("caches.stats", models);
    expect(models).toMatchObject({
      kind: "entries",
      scope: "team",
      size: 2,
      sizeBytes: 37,
      maxSizeBytes: 2 ** 30,
    });
    expect((await project.run("caches", "stats", "rate")).stderr).toMatch(/did you mean "rates"\?/);
    expect(await project.run("caches", "clear", "local", "--yes")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/in the memory of each scheduler/),
    });
  });

  it("show entries that any run saved, by any run that can use them", async () => {
    const [first = "", second = ""] = runIds;
    const all = await project.json<EntryReport[]>("entries", "ls", "first", first, "--cache", "models");
    expectOutputOf("entries.list", all);
    expect(all.map(({ key, producer }) => [key, producer.runId])).toEqual([
      ["best/first", first],
      ["best/second", second],
    ]);
    const model = ["first", first, "best/second", "--cache", "models"];
    expect((await project.run("entries", "get", ...model)).stdout).toBe("the model of second");
    expect(await project.json("entries", "show", ...model)).toMatchObject({ producer: { runId: second } });
    expect((await project.run("entries", "get", "second", second, "page", "--cache", "drafts")).stdout).toBe(
      "the draft of second",
    );
    expect((await project.run("entries", "ls", "first", first, "--cache", "rates")).stderr).toMatch(
      /"rates" is a value cache, and has no entries: memodag caches stats rates/,
    );
    await project.run("runs", "delete", "second", second);
    expect(await project.json("entries", "show", ...model)).toMatchObject({ producer: { runId: "" } });
    expect(await project.json("entries", "rm", ...model)).toMatchObject({ removed: 1 });
    expect((await project.run("entries", "get", ...model)).stderr).toMatch(/The cache "models" has no entry/);
  });

  it("are cleared by group and as a whole, after a confirmation, which is written down", async () => {
    expect(await project.run("caches", "clear", "rates")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /3 values of rates would be deleted, and there is no terminal to ask for confirmation: add --yes or --dry-run/,
      ),
    });
    const plan = await project.json("caches", "clear", "rates", "--under", "eur", "--dry-run");
    expectOutputOf("caches.plan-clear", plan);
    expect(plan).toMatchObject({ cleared: 0, wouldClear: 2 });
    const cleared = await project.json("caches", "clear", "rates", "--under", "eur", "--yes");
    expectOutputOf("caches.clear", cleared);
    expect(cleared).toEqual({ name: "rates", team: "default", kind: "values", cleared: 2 });
    expect(await project.json("caches", "stats", "rates")).toMatchObject({ size: 1, keys: ["usd"] });
    expect(await project.json("caches", "clear", "drafts", "--dry-run")).toMatchObject({ wouldClear: 2 });
    expect(await project.json("caches", "clear", "drafts", "--yes")).toMatchObject({ cleared: 2 });
    expect(await project.json("caches", "stats", "drafts")).toMatchObject({ size: 0, sizeBytes: 0 });
    // Those who found them a moment ago may be about to read them.
    for (const option of [["--dry-run"], []])
      expect(await project.json("db", "clean", ...option)).toMatchObject({ entries: 0 });
    const acts = await project.json<AuditEntry[]>("audit", "ls", "--action", "caches.clear");
    expect(acts.map(({ team, filter, outcome }) => [team, filter, outcome])).toEqual([
      ["default", { name: "drafts", kind: "entries" }, { kind: "done", affected: 2 }],
      ["default", { name: "rates", kind: "values", under: "eur" }, { kind: "done", affected: 2 }],
    ]);
  });

  it("are checked by doctor", async () => {
    const { stdout } = await project.run("doctor", "--json");
    const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; message: string }[] };
    const found = checks.filter(({ check }) => check === "named cache");
    expect(found.map(({ status, message }) => [message.split(/[ :]/, 1)[0], status])).toEqual([
      ["rates", "ok"],
      ["local", "ok"],
      ["models", "ok"],
      ["drafts", "ok"],
      ["away", "fail"],
    ]);
    expect(await project.json("caches", "stats", "rates")).toMatchObject({ size: 1 });
  });
});

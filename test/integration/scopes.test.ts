// Scopes of the cache: what is found where, what runs hit, and what is left alone.

import { sha256, systemClock, silentLogger } from "@memodag/core";
import { openTestMetastore, readRows, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import {
  FilesystemRecordStore,
  MemoryRecordStore,
  OutsideScope,
  ScopedRecords,
  type RecordStore,
  type Scopes,
} from "@memodag/result-cache";
import { Dag } from "memodag";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";
import { KEY, PAGE, SCOPES, TEAMS, recordOf } from "./scoped-records.ts";

describe.each(TEST_DIALECTS)("scopes on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("give their own record first, then that of the nearest scope that they read, and none of those above", async () => {
    const [team, key] = ["ants", sha256("nearest")];
    const far: Scopes = { own: "prod", reads: ["ci", "dev"], owns: [] };
    const runOf = async (scopes: Scopes): Promise<unknown> => {
      const record = (await metastore.openRecords(scopes).find(team, [key])).get(key);
      return record && [record.producer.runId, record.scope];
    };
    await metastore.openRecords(SCOPES[1]!).put(recordOf(team, "dev", key), "keep-live");
    expect(await runOf(far)).toEqual(["ants dev", "dev"]);
    await metastore.openRecords(SCOPES[2]!).put(recordOf(team, "ci", key), "keep-live");
    expect(await runOf(far)).toEqual(["ants ci", "ci"]);
    await metastore.openRecords(far).put(recordOf(team, "prod", key), "keep-live");
    expect(await runOf(far)).toEqual(["ants prod", undefined]);
    expect(await runOf(SCOPES[2]!)).toEqual(["ants ci", undefined]);
    expect(await runOf(SCOPES[0]!)).toBeUndefined();
    const failed = {
      ...recordOf(team, "ci", sha256("failed")),
      error: { code: "x", message: "y" },
      xcoms: [],
    };
    await metastore.openRecords(SCOPES[2]!).put(failed, "keep-live");
    expect(await metastore.openRecords(far).find(team, [failed.key])).toEqual(new Map());
  });

  test("are listed if they may be read, and purged if they are owned", async () => {
    const records = metastore.openRecords({ own: "prod", reads: ["ci"], owns: ["dev"] });
    const scopesOf = async (scope?: string): Promise<unknown[]> => {
      const rows = await records.list({ ...(scope !== undefined && { scope }) }, PAGE);
      return [...new Set(rows.map((row) => row.scope))];
    };
    for (const scopes of SCOPES)
      await metastore.openRecords(scopes).put(recordOf("ants", scopes.own, sha256("listed")), "keep-live");
    expect([await scopesOf(), await scopesOf("ci"), await scopesOf("dev")]).toEqual([
      ["prod"],
      ["ci"],
      ["dev"],
    ]);
    await expect(records.list({ scope: "default" }, PAGE)).rejects.toMatchObject({
      code: "scope_not_readable",
    });
    await expect(records.purge({ scope: "ci" })).rejects.toMatchObject({ code: "scope_not_owned" });
    expect(await records.purge({ scope: "dev" })).toBeGreaterThan(0);
    expect([await scopesOf("dev"), await scopesOf("ci")]).toEqual([[], ["ci"]]);
  });

  test("let runs hit in a scope that they read, which notes nothing, and never in another", async () => {
    const rig = new SchedulerRig(metastore);
    const dag = new Dag(`scoped-${dialect}`);
    dag.task("work", (): number => 0, { cache: true })();
    const version = await rig.define(dag);
    const run = async (scopes: Scopes, value: number): Promise<RigRun> =>
      await rig.run(version, { work: () => value }, { records: metastore.openRecords(scopes) });
    const [, , ci, prod] = SCOPES;
    // A lower scope has the legitimate key first, with a wrong result: it is not seen from above.
    await run({ own: "dev", reads: [], owns: [] }, 666);
    const first = await run({ own: "prod", reads: [], owns: [] }, 1);
    expect([first.states["work"], await rig.returned(first, "work")]).toEqual(["success/populated", 1]);
    await metastore.openRecords(prod!).purge({ dagId: dag.dagId });
    await metastore.openRecords({ own: "dev", reads: [], owns: [] }).purge({ dagId: dag.dagId });
    await run(ci!, 2);
    const second = await run(prod!, 3);
    expect([second.states["work"], await rig.returned(second, "work")]).toEqual(["success/hit", 2]);
    expect(second.instances[0]?.cacheReason).toEqual({ code: "of_scope", detail: { what: "ci" } });
    const rows = await readRows(
      metastore.url,
      `select scope, hit_count from cache_record where dag_id = '${dag.dagId}'`,
    );
    expect(rows).toEqual([{ scope: "ci", hit_count: rows[0]?.["hit_count"] }]);
    expect(Number(rows[0]?.["hit_count"])).toBe(0);
  });

  test("may be in another database, whose results are copied, and whose outage is a miss", async () => {
    await using other = await openTestMetastore(dialect);
    const theirs = new SchedulerRig(other);
    const mine = new SchedulerRig(metastore);
    const dag = new Dag(`outside-${dialect}`);
    dag.task("work", (): number => 0, { cache: true })();
    const there = await theirs.define(dag);
    const here = await mine.define(dag);
    const records = other.openRecords({ own: "ci", reads: [], owns: [] });
    await theirs.run(there, { work: () => 7 }, { records });
    const reader = await other.openAgain({
      sqlite: { isReadOnly: true },
      postgres: { isReadOnly: true },
    });
    await expect(
      reader.results.write("default", [{ digest: KEY, bytes: new Uint8Array(1) }]),
    ).rejects.toThrow(/read-?only|readonly/i);
    const outside = new OutsideScope({
      name: "ci",
      stores: { records: reader.openRecords({ own: "ci", reads: [], owns: [] }), results: reader.results },
      hasStore: () => false,
      timeoutMs: 10_000,
      breaker: { breakerThreshold: 3, breakerRestMs: 60_000 },
      log: silentLogger,
    });
    const found = metastore.openRecords({ own: "dev", reads: ["ci"], owns: [] }, new Map([["ci", outside]]));
    const asked = await found.find(
      "default",
      (await records.list({}, PAGE)).map(({ key }) => key),
    );
    expect([...asked.values()]).toMatchObject([{ scope: "ci", xcoms: [{ store: "scope:ci" }] }]);
    expect((await outside.results.read("default", [[...asked.values()][0]!.xcoms[0]!.digest])).size).toBe(1);
    await reader.close();
    expect(await found.find("default", [...asked.keys()])).toEqual(new Map());
    const run = await mine.run(here, { work: () => 8 }, { records: found });
    expect([run.states["work"], await mine.returned(run, "work")]).toEqual(["success/populated", 8]);
  });
});

describe("stores outside of databases", () => {
  test("keep scopes apart in folders of their own; those of the scope default are where they were", async () => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-scopes-"));
    try {
      const inFolder = (scope: string): RecordStore =>
        new FilesystemRecordStore(scope === "default" ? folder : join(folder, "scopes", scope), systemClock);
      const memories = new Map<string, RecordStore>();
      const inMemory = (scope: string): RecordStore => {
        const store = memories.get(scope) ?? new MemoryRecordStore(systemClock);
        memories.set(scope, store);
        return store;
      };
      for (const open of [inFolder, inMemory]) {
        for (const team of TEAMS)
          for (const scopes of SCOPES)
            await new ScopedRecords({ scopes, open }).put(recordOf(team, scopes.own), "keep-live");
        for (const team of TEAMS)
          for (const scopes of SCOPES) {
            const records = new ScopedRecords({ scopes, open });
            const found = await records.find(team, [KEY]);
            expect(found.get(KEY)?.producer.runId).toBe(`${team} ${scopes.own}`);
            await records.touch(team, [{ key: KEY, count: 1 }]);
            expect(await records.purge({ team })).toBe(1);
            const next = (await records.find(team, [KEY])).get(KEY);
            expect(next?.scope).toBe(scopes.own === "prod" && next ? "ci" : next?.scope);
          }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

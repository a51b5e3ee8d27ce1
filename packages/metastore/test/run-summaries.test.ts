// How far runs are that somebody waits for, who hears of their ends, and whom a claim takes beside its Dag's.

import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRun, saveDag } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("runs that are waited for, on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("are found by id and by date, of one team alone, as many as are asked for", async () => {
    const red = await saveDag(metastore, "waited", "red");
    const blue = await saveDag(metastore, "waited", "blue");
    const date = Date.UTC(2026, 0, 1);
    for (let day = 0; day < 120; day += 1) {
      const run = { runId: `r${day}`, logicalDate: date + day };
      await metastore.runs.createRun(newRun("waited", red, run));
    }
    await metastore.runs.createRun(newRun("waited", blue, { team: "blue", runId: "theirs" }));
    const own = { team: "red", dagId: "waited" };
    const days = Array.from({ length: 120 }, (_, day) => ({ ...own, logicalDate: date + day }));
    const found = await metastore.runs.findRunSummaries([
      { ...own, runId: "r7" },
      ...days,
      { ...own, runId: "theirs" },
      { ...own, runId: String(date) },
      { ...own, dagId: "other", runId: "r7" },
      { ...own, logicalDate: date - 1 },
    ]);
    expect(found[0]).toEqual({ runId: "r7", state: "queued" });
    expect(found.slice(1, 121).map((summary) => summary?.runId)).toEqual(days.map((_, day) => `r${day}`));
    expect(found.slice(121)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await metastore.runs.findRunSummaries([])).toEqual([]);
  });

  test("are not found where they include some of their tasks alone", async () => {
    const version = await saveDag(metastore, "partial", "red");
    const logicalDate = Date.UTC(2026, 1, 1);
    const run = newRun("partial", version, { runId: "some", logicalDate });
    const made = await metastore.runs.createRun({ ...run, selection: { until: "a" } });
    expect(made.selection).toEqual({ until: "a" });
    const own = { team: "red", dagId: "partial" };
    const wanted = [
      { ...own, runId: "some" },
      { ...own, logicalDate },
    ];
    expect(await metastore.runs.findRunSummaries(wanted)).toEqual([undefined, undefined]);
  });

  test("tell other processes when they have ended", async () => {
    const version = await saveDag(metastore, "ends");
    const run = await metastore.runs.createRun(newRun("ends", version));
    const dag = { team: "red", dagId: "ends" };
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [], dag });
    const other = await metastore.openAgain();
    const heard = Promise.withResolvers<void>();
    let isEnding = false;
    const watch = await other.changes.watchRuns(() => {
      if (isEnding) heard.resolve();
    });
    isEnding = true;
    const written = await metastore.runs.writePass({
      runId: run.id,
      owner: "me",
      run: {
        leaves: "queued",
        state: "success",
        startedAt: 1,
        endedAt: 2,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [],
      removed: [],
      xcoms: [],
    });
    expect(written).toEqual({ kind: "written" });
    await heard.promise;
    await watch.close();
  });

  test("are claimed beside those of a claimer's own Dag, or alone, and no others", async () => {
    const [mine, theirs] = await Promise.all([saveDag(metastore, "mine"), saveDag(metastore, "theirs")]);
    const own = await metastore.runs.createRun(newRun("mine", mine));
    const awaited = await metastore.runs.createRun(newRun("theirs", theirs, { madeBy: '[1,"a",-1,1]' }));
    await metastore.runs.createRun(newRun("theirs", theirs, { runId: "another" }));
    const request = { owner: "me", leaseMs: 60_000, limit: 10, deadOwners: [] };
    const dag = { team: "red", dagId: "mine" };
    const claimed = await metastore.runs.claimRuns({ ...request, dag, runs: [awaited.id] });
    expect(claimed.map(({ run }) => run.id)).toEqual([own.id, awaited.id]);
    expect(claimed.map(({ run }) => run.madeBy)).toEqual([undefined, '[1,"a",-1,1]']);
  });
});

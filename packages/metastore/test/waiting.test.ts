// What metrics say waits: instances of runs under way that could run, and callbacks.

import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instance, newRun, saveDag } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("what waits, on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("is counted by version and task, until the run has ended", async () => {
    const version = await saveDag(metastore, "waits");
    const run = await metastore.runs.createRun(newRun("waits", version));
    const dag = { team: "red", dagId: "waits" };
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [], dag });
    const written = { runId: run.id, owner: "me", removed: [], xcoms: [] };
    const sums = { startedAt: 1, processesSpawned: 0, lookups: 0 };
    const states = ["scheduled", "scheduled", "running"] as const;
    const report = { what: "run", state: "failed", error: null } as never;
    await metastore.runs.writePass({
      ...written,
      run: { ...sums, leaves: "queued", state: "running", endedAt: null },
      instances: states.map((state, mapIndex) => ({
        instance: instance("a", { mapIndex, state }),
        leaves: null,
      })),
      callbacks: {
        owed: [{ id: "c", instance: { taskId: "a", mapIndex: 0, tryNumber: 1, maxTries: 1 }, report }],
        leaseMs: 60_000,
      },
    });
    expect(await metastore.views.listWaitingTasks()).toEqual([
      { dagVersionId: version, taskId: "a", instances: 2 },
    ]);
    expect(await metastore.views.countOwedCallbacks()).toBe(1);
    await metastore.callbacks.remove(["c"]);
    await metastore.runs.writePass({
      ...written,
      run: { ...sums, leaves: "running", state: "failed", endedAt: 2 },
      instances: [],
    });
    expect(await metastore.views.listWaitingTasks()).toEqual([]);
    expect(await metastore.views.countOwedCallbacks()).toBe(0);
  });
});

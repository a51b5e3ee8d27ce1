// Rows whose JSON is damaged: each is told of, and none keeps others from being read.

import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRun } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("damaged rows on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("a run is listed with its fault, beside those that can be read", async () => {
    const damaged = await createRun(metastore, "damaged");
    const sound = await createRun(metastore, "sound");
    await metastore.execute(`update dag_run set params = '{"a"' where id = ${damaged.id}`);
    const listed = await metastore.runs.listRuns({ limit: 10 });
    expect(listed).toEqual([
      sound,
      expect.objectContaining({ id: damaged.id, params: {}, fault: expect.any(String) }),
    ]);
    expect(await metastore.runs.findRun(damaged.team, damaged.dagId, damaged.runId)).toMatchObject({
      fault: expect.stringMatching(/^its row cannot be read: .*JSON/),
    });
    const idle = await metastore.runs.listInterruptedRuns({ deadOwners: [], queued: "all" });
    expect(idle.map(({ id }) => id)).toEqual([damaged.id, sound.id]);
  });

  test.each(["{", "null", "7", '{"instance":{}}', '{"instance":{"taskId":"t"},"report":null}'])(
    "an owed callback with the body %s is claimed with its fault, and the next one as it is",
    async (body) => {
      const run = await createRun(metastore, `calls${Math.random()}`);
      const good = JSON.stringify({
        instance: { taskId: "t", mapIndex: -1, tryNumber: 1, maxTries: 1 },
        report: { event: "success" },
      });
      await metastore.execute("delete from owed_callback");
      for (const [id, text] of [
        ["bad", body],
        ["good", good],
      ] as const) {
        await metastore.execute(
          `insert into owed_callback (id, dag_run_id, body, owner, expires_at, created_at, begin_count)
           values ('${id}', ${run.id}, '${text}', 'gone', 0, ${id === "bad" ? 1 : 2}, 0)`,
        );
      }
      const claim = { owner: "me", leaseMs: 60_000, limit: 10, deadOwners: [] };
      const [bad, next] = await metastore.callbacks.claim(claim);
      expect(bad).toMatchObject({ id: "bad", run: { id: run.id }, fault: expect.any(String) });
      expect(next).toMatchObject({ id: "good", instance: { taskId: "t" }, report: { event: "success" } });
      expect(next).not.toHaveProperty("fault");
    },
  );
});

// Runs that are stricter about hits than their tasks: which results and failures they take, and why they miss.

import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun } from "@memodag/scheduler";
import { Dag, type CacheConfig } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";

const HOUR_MS = 3_600_000;
const inert = (): null => null;
const one = ({ item }: { item: number }): number => item;
const refuse = (): never => {
  throw new Error("no such region");
};

describe.each(TEST_DIALECTS)("a run with limits for hits, on %s,", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  async function define(cache: CacheConfig | true = true) {
    const dag = new Dag(`limited${(dagCount += 1)}`);
    dag.task("work", inert, { cache, retries: 0 })();
    return await rig.define(dag);
  }

  const ageBy = async (dagId: string, ms: number): Promise<void> =>
    await metastore.execute(
      `update cache_record set created_at = created_at - ${ms} where dag_id = '${dagId}'`,
    );

  const outcomeOf = ({ instances: [work] }: RigRun) => `${work?.cacheStatus}: ${work?.cacheReason?.code}`;

  test("takes no result that is older, and replaces it", async () => {
    const version = await define({ ttl: null });
    await rig.run(version, { work: () => 1 });
    await ageBy(version.dagId, 3 * HOUR_MS);
    const patient = await rig.run(version, { work: () => 2 }, { cacheLimits: { ttlMs: 4 * HOUR_MS } });
    expect([outcomeOf(patient), patient.run.cacheLimits]).toEqual(["hit: undefined", { ttlMs: 4 * HOUR_MS }]);
    const strict = await rig.run(version, { work: () => 3 }, { cacheLimits: { ttlMs: 2 * HOUR_MS } });
    expect(outcomeOf(strict)).toBe("populated: expired_for_run");
    expect(strict.run.cacheLimits).toEqual({ ttlMs: 2 * HOUR_MS });
    // Otherwise each such run would miss.
    const again = await rig.run(version, { work: () => 4 }, { cacheLimits: { ttlMs: 2 * HOUR_MS } });
    expect(await rig.returned(again, "work")).toBe(3);
  });

  test("makes no hit of what is too old for the task", async () => {
    const version = await define({ ttl: "1h" });
    await rig.run(version, {});
    await ageBy(version.dagId, 2 * HOUR_MS);
    const lenient = await rig.run(version, {}, { cacheLimits: { ttlMs: 4 * HOUR_MS } });
    expect(outcomeOf(lenient)).toBe("populated: expired");
  });

  test("takes no remembered failures, or none that are older", async () => {
    const version = await define({ errors: "3h" });
    await rig.run(version, { work: refuse });
    const withErrors = { work: refuse };
    const hit = await rig.run(version, withErrors, { cacheLimits: { ttlMs: HOUR_MS } });
    expect(outcomeOf(hit)).toBe("hit: stored_failure");
    expect(hit.instances[0]?.error?.message).toContain("--no-cached-errors");
    const still = await rig.run(version, withErrors, { cacheLimits: { errors: false } });
    expect(outcomeOf(still)).toBe("populated: stored_failure");
    await ageBy(version.dagId, 2 * HOUR_MS);
    const older = await rig.run(version, withErrors, { cacheLimits: { ttlMs: HOUR_MS } });
    expect(outcomeOf(older)).toBe("populated: stored_failure");
    const works = await rig.run(version, { work: () => 1 }, { cacheLimits: { errors: false } });
    expect([works.run.state, outcomeOf(works)]).toEqual(["success", "populated: run_errors_off"]);
    // Results are hits as ever.
    const results = await rig.run(version, withErrors, { cacheLimits: { errors: false } });
    expect(outcomeOf(results)).toBe("hit: undefined");
  });

  test("asks with them again for a key whose lease another instance had", async () => {
    const dag = new Dag(`limited${(dagCount += 1)}`);
    dag.task("work", one, { cache: { serialize: true, errors: "3h" }, retries: 0 }).expand({ item: [7, 7] });
    const version = await rig.define(dag);
    await rig.run(version, { work: refuse });
    const { states, executor } = await rig.run(version, { work: refuse }, { cacheLimits: { errors: false } });
    expect(executor.submitted).toEqual(["work[0]", "work[1]"]);
    expect(Object.values(states)).toEqual(["failed/populated", "failed/populated"]);
  });

  test("keeps them when its tasks are cleared, in another scheduler", async () => {
    const version = await define({ ttl: null });
    const { run } = await rig.run(version, {}, { cacheLimits: { ttlMs: HOUR_MS, errors: false } });
    await ageBy(version.dagId, 2 * HOUR_MS);
    await clearRun(metastore.runs, { run, version }, { taskId: "work", downstream: false, useCache: true });
    const { scheduler } = rig.newScheduler({});
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    expect((await over).cacheLimits).toEqual({ ttlMs: HOUR_MS, errors: false });
    await scheduler.stop(0);
    const [work] = await metastore.runs.listTaskInstances(run.team, run.id);
    expect(work).toMatchObject({ cacheStatus: "populated", cacheReason: { code: "expired_for_run" } });
  });
});

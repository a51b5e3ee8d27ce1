import { reasonSentence, type Digest } from "@memodag/core";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import type { RecordStore } from "@memodag/result-cache";
import { Dag } from "memodag";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

let metastore: TestMetastore;
beforeAll(async () => {
  metastore = await openTestMetastore("sqlite");
});
afterAll(() => metastore.close());

test("a switch that is turned while the cache is asked takes the answer's hits away", async () => {
  const rig = new SchedulerRig(metastore);
  const dag = new Dag("one");
  const plain = dag.task("plain", () => 1);
  const cached = dag.task("cached", () => 1, { cache: true });
  plain({});
  cached({});
  const version = await rig.define(dag);
  await rig.run(version, {});
  expect((await rig.run(version, {})).states).toMatchObject({ cached: "success/hit" });

  let offReason: string | null = null;
  const { records } = metastore;
  const turning: RecordStore = new Proxy(records, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function") return member;
      if (name !== "find") return member.bind(target) as unknown;
      return async (team: string, keys: readonly Digest[]) => {
        const found = await target.find(team, keys);
        offReason = "turned";
        return found;
      };
    },
  });
  const { instances, executor } = await rig.run(
    version,
    {},
    {
      records: turning,
      cachingOffReason: () => offReason,
    },
  );
  expect(executor.submitted.toSorted()).toEqual(["cached", "plain"]);
  const reasons = instances.map(({ taskId, cacheStatus, cacheReason }) => [
    taskId,
    cacheStatus,
    cacheReason && reasonSentence(cacheReason),
  ]);
  expect(reasons).toEqual([
    ["cached", "disabled", "turned"],
    ["plain", "disabled", "the task does not say cache: true"],
  ]);
});

// Values of a task instance that are large, deep or many: their list takes a bounded amount of memory.

import { canonicalJson, silentLogger, systemClock } from "@memodag/core";
import { openTestMetastore } from "@memodag/metastore/testing";
import type { OperationContext } from "@memodag/operations";
import { listValues } from "@memodag/operations/tasks";
import { Values } from "@memodag/result-cache";
import { Dag } from "memodag";
import { expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { succeeded } from "./scripted-executor.ts";

test("shows the beginning of what would be huge when it is indented, and not more than an answer has room for", async () => {
  const metastore = await openTestMetastore("sqlite");
  const rig = new SchedulerRig(metastore);
  // Indented, each of the zeros has a line with 1,000 spaces: more than the longest string of V8.
  let deep: unknown = Array.from({ length: 600_000 }, () => 0);
  for (let level = 0; level < 500; level += 1) deep = [deep];
  const large = "x".repeat(6_000_000);
  const xcoms = [
    { key: "return_value", bytes: Buffer.from(canonicalJson(deep)) },
    ...Array.from({ length: 8 }, (_, index) => ({
      key: `large${index}`,
      bytes: Buffer.from(JSON.stringify(large + String(index))),
    })),
  ];
  const dag = new Dag("huge");
  dag.task("list", () => 1)({});
  const { run } = await rig.run(await rig.define(dag), { list: () => ({ ...succeeded(1), xcoms }) });
  const values = new Values({ metadata: metastore.results, clock: systemClock });
  const stores = Object.assign(Object.create(metastore) as object, { values });
  const context = { stores, clock: systemClock, log: silentLogger } as unknown as OperationContext;
  const reports = await listValues(context, { dagId: "huge", runId: run.runId, taskId: "list" });
  const shown = new Map(reports.map((report) => [report.key, report]));
  expect(shown.get("return_value")).toMatchObject({ isWhole: false });
  expect(shown.get("return_value")?.text?.startsWith("[[[[")).toBe(true);
  expect(shown.get("large0")?.text).toHaveLength(65_536);
  expect(shown.get("large7")).toMatchObject({ text: null, isWhole: false });
  await metastore.close();
});

import { sha256, silentLogger, type Logger } from "@memodag/core";
import { expect, test } from "vitest";
import { DecisionLog, MemoryRecordStore, type CacheDecision, type NotedMiss } from "../../src/index.ts";
import type { DecisionLogParts } from "../../src/decisions/decision-log.ts";
import { ManualClock } from "@memodag/core/testing";

function rig(
  keep: (decisions: readonly CacheDecision[]) => Promise<void>,
  change: Partial<DecisionLogParts> = {},
) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
  const decisionLog = new DecisionLog({
    decisions: {
      keep,
      find: async () => undefined,
      listEarlier: async (asked) => asked.map(() => []),
      listOfRun: async () => [],
      wasStored: async () => false,
    },
    records: new MemoryRecordStore(clock),
    findSources: async () => new Map(),
    clock,
    log,
    ...change,
  });
  return { clock, decisionLog, warnings };
}

function miss(number: number, components?: NotedMiss["components"]): NotedMiss {
  const made = {
    v: 1,
    team: "ml",
    dag: "dag",
    task: "fit",
    source: sha256("source"),
    inputs: {},
    context: {},
    env: {},
    version: String(number),
  } as const;
  return {
    team: "ml",
    dagId: "dag",
    runId: "run",
    dagRunId: 1,
    taskId: "fit",
    mapIndex: number,
    key: sha256(`${number}`),
    verdict: "no_entry",
    components: components ?? (async () => made),
  };
}

test("misses are explained together, a little later, in batches", async () => {
  const kept: number[] = [];
  const { clock, decisionLog } = rig(async (decisions) => void kept.push(decisions.length));
  for (let number = 0; number < 250; number++) decisionLog.note(miss(number));
  expect(kept).toEqual([]);
  clock.advance(1_000);
  await decisionLog.flush();
  expect(kept).toEqual([100, 100, 50]);
});

test("others have their turn between batches, however fast the database answers", async () => {
  const turns: number[] = [];
  let turn = 0;
  const { decisionLog } = rig(async () => void turns.push(turn));
  for (let number = 0; number < 300; number++) decisionLog.note(miss(number));
  const count = () => {
    turn += 1;
    if (turns.length < 3) setImmediate(count);
  };
  setImmediate(count);
  await decisionLog.flush();
  expect(new Set(turns).size).toBe(3);
});

test("one that cannot be explained takes none of the others with it", async () => {
  const kept: string[] = [];
  const { decisionLog } = rig(async (decisions) => void kept.push(...decisions.map(({ key }) => key)));
  decisionLog.note(miss(1));
  decisionLog.note(miss(2, async () => await Promise.reject(new Error("cleared"))));
  decisionLog.note(miss(3));
  await decisionLog.flush();
  expect(kept).toEqual([miss(1).key, miss(3).key]);
});

test("a database that is away is told of once, and asked again with the next", async () => {
  let isAway = true;
  const kept: string[] = [];
  const { decisionLog, warnings } = rig(async (decisions) => {
    if (isAway) throw new Error("away");
    kept.push(...decisions.map(({ key }) => key));
  });
  for (let number = 0; number < 200; number++) decisionLog.note(miss(number));
  await decisionLog.flush();
  expect(warnings).toEqual(["could not keep why tasks missed the cache"]);
  isAway = false;
  decisionLog.note(miss(300));
  await decisionLog.flush();
  expect(kept).toEqual([miss(300).key]);
});

test("what comes faster than it can be explained is dropped, and said once", async () => {
  let count = 0;
  const { decisionLog, warnings } = rig(async (decisions) => void (count += decisions.length));
  for (let number = 0; number < 20_100; number++) decisionLog.note(miss(number));
  await decisionLog.flush();
  expect(count).toBe(20_000);
  expect(warnings).toHaveLength(1);
});

test("a cache that is away is asked once, however many batches there are: a process waits for them at its end", async () => {
  let asked = 0;
  const refuse = async (): Promise<never> => {
    asked += 1;
    throw new Error("away");
  };
  const kept: number[] = [];
  const { decisionLog } = rig(async (decisions) => void kept.push(decisions.length), {
    records: { list: refuse, findRemovals: refuse },
  });
  for (let number = 0; number < 300; number++) decisionLog.note(miss(number));
  await decisionLog.flush();
  expect({ asked, kept }).toEqual({ asked: 1, kept: [100, 100, 100] });
  decisionLog.note(miss(300));
  await decisionLog.flush();
  expect(asked).toBe(2);
});

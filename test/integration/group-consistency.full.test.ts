// A property of transactions with one record: a hit is a state that a run could have made. Tasks return what they were
// given and a number that is another each time, so that results of different attempts can be told apart.

import type { DagRun, DagVersion, JsonValue } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, markRun } from "@memodag/scheduler";
import { Dag, type TaskRef } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";

const ANY = (() => null) as never as (args: Record<string, unknown>) => never;
const fieldOf = (ref: unknown, name: keyof Made): unknown => (ref as TaskRef<Made>).field(name);
const MEMBERS = ["g.a", "g.b", "g.c", "g.d", "g.even", "g.odd", "g.end"] as const;

interface Made {
  readonly n: number;
  readonly args: Readonly<Record<string, JsonValue>>;
  readonly list: readonly number[];
  readonly isEven: boolean;
}

/** A run, or a change of the last run after its end. */
type Act =
  | { readonly kind: "run"; readonly refresh: boolean; readonly fails: string | null }
  | {
      readonly kind: "clear";
      readonly taskId: string;
      readonly downstream: boolean;
      readonly useCache: boolean;
    }
  | { readonly kind: "mark"; readonly taskId: string; readonly state: "success" | "skipped" };

/** The values that the tasks outside return. */
interface Given {
  readonly x: number;
  readonly y: number;
}

/** Numbers from 0 to below 1, the same for a seed: mulberry32. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function scenarioOf(seed: number): (readonly [Act, Given])[] {
  const next = numbersOf(seed);
  const from = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const flag = (): boolean => next() < 0.5;
  const actOf = (): Act => {
    switch (from(["run", "clear", "clear", "mark"] as const)) {
      case "run":
        return { kind: "run", refresh: flag(), fails: flag() && flag() ? from(MEMBERS) : null };
      case "clear":
        return {
          kind: "clear",
          taskId: from(["x", "y", ...MEMBERS]),
          downstream: flag(),
          useCache: flag(),
        };
      case "mark":
        return { kind: "mark", taskId: from(MEMBERS), state: from(["success", "skipped"] as const) };
    }
  };
  const length = 1 + Math.floor(next() * 4);
  return Array.from({ length }, () => [actOf(), { x: from([0, 1]), y: from([0, 1]) }] as const);
}

describe.each(TEST_DIALECTS)("hits of transactions on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;
  let count = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** a; b after it, with a list that c is mapped over; d joins; a decides between even and odd; end joins all. */
  async function define(): Promise<DagVersion> {
    const dag = new Dag(`consistent${(dagCount += 1)}`);
    const [x, y] = [dag.task("x", ANY)({}), dag.task("y", ANY)({})];
    const g = dag.transaction("g", { cache: true });
    const a = g.task("a", ANY)({ x });
    const b = g.task("b", ANY)({ a, y });
    const c = g
      .task("c", ANY)
      .partial({ y })
      .expand({ row: fieldOf(b, "list") as never });
    const d = g.task("d", ANY)({ a, c });
    const even = g.task("even", ANY)({ d });
    const odd = g.task("odd", ANY)({ d });
    dag
      .if(fieldOf(a, "isEven") as never)
      .then(even as never)
      .else(odd as never);
    g.task("end", ANY, { triggerRule: "none_failed" })({ even, odd, d });
    return await rig.define(dag);
  }

  function scriptsOf({ x, y }: Given, fails: string | null): Readonly<Record<string, Script>> {
    const make: Script = (_, args) => {
      const n = (count += 1);
      return { n, args, list: Array.from({ length: n % 3 }, (__, i) => i), isEven: n % 2 === 0 };
    };
    const scripts = Object.fromEntries(MEMBERS.map((taskId) => [taskId, make] as const));
    return { x: () => x, y: () => y, ...scripts, ...(fails !== null && { [fails]: () => failed("no") }) };
  }

  async function change(
    version: DagVersion,
    run: DagRun,
    own: Exclude<Act, { kind: "run" }>,
  ): Promise<boolean> {
    const { taskId } = own;
    try {
      const changed =
        own.kind === "clear"
          ? await clearRun(metastore.runs, { run, version }, own)
          : await markRun(metastore.runs, { run, version }, { taskId, state: own.state, downstream: false });
      return changed.length > 0;
    } catch {
      // It has not begun.
      return false;
    }
  }

  async function goOn(run: DagRun, scripts: Readonly<Record<string, Script>>): Promise<void> {
    const { scheduler } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.stop(0);
  }

  /** Every task was given what the others returned, and the branch went as it was decided. */
  async function expectConsistent({ run, instances }: RigRun, { x, y }: Given): Promise<void> {
    const xcoms = await metastore.runs.listXComs(run.team, run.id);
    const bytes = await rig.values(run.team, xcoms);
    const valueOf = (taskId: string, mapIndex = -1): Made | null => {
      const xcom = xcoms.find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
      return xcom ? (JSON.parse(Buffer.from(bytes.get(xcom.digest) ?? []).toString()) as Made) : null;
    };
    const stateOf = (taskId: string) => instances.find((row) => row.taskId === taskId)?.state;
    const [a, b, d] = [valueOf("g.a"), valueOf("g.b"), valueOf("g.d")];
    expect(a?.args).toEqual({ x });
    expect(b?.args).toEqual({ a, y });
    const parts = (b?.list ?? []).map((_, index) => valueOf("g.c", index));
    for (const [index, part] of parts.entries()) expect(part?.args).toEqual({ row: index, y });
    // Without elements, all that waits for them is skipped.
    const isEmpty = parts.length === 0;
    expect(stateOf("g.c")).toBe(isEmpty ? "skipped" : "success");
    expect(d?.args).toEqual(isEmpty ? undefined : { a, c: parts });
    const [even, odd] = [valueOf("g.even"), valueOf("g.odd")];
    const taken = a?.isEven ? "even" : "odd";
    expect(stateOf("g.even")).toBe(!isEmpty && taken === "even" ? "success" : "skipped");
    expect(stateOf("g.odd")).toBe(!isEmpty && taken === "odd" ? "success" : "skipped");
    expect((even ?? odd)?.args).toEqual(isEmpty ? undefined : { d });
    expect(valueOf("g.end")?.args).toEqual({ even, odd, d });
  }

  test("are consistent, whatever was cleared, marked, refreshed or failed before", async () => {
    let hits = 0;
    const seeds = dialect === "sqlite" ? 30 : 10;
    for (let seed = 0; seed < seeds; seed += 1) {
      const scenario = scenarioOf(seed);
      const version = await define();
      let world: Given = { x: 0, y: 0 };
      let last = (await rig.run(version, scriptsOf(world, null))).run;
      for (const [own, next] of scenario) {
        if (own.kind === "run") {
          world = next;
          const mode = own.refresh ? ({ cacheMode: "refresh" } as const) : {};
          last = (await rig.run(version, scriptsOf(world, own.fails), mode)).run;
        } else if (await change(version, last, own)) {
          await goOn(last, scriptsOf(next, null));
        }
        for (const x of [0, 1]) {
          const now = { x, y: next.y };
          const run = await rig.run(version, scriptsOf(now, null));
          const isHit = run.instances.some(({ cacheReason }) => cacheReason?.code === "of_transaction");
          if (!isHit) continue;
          hits += 1;
          try {
            expect(run.executor.submitted.toSorted()).toEqual(["x", "y"]);
            await expectConsistent(run, now);
          } catch (cause) {
            throw new Error(`seed ${seed}: ${JSON.stringify(scenario)}`, { cause });
          }
        }
      }
    }
    expect(hits).toBeGreaterThan(5);
  }, 120_000);
});

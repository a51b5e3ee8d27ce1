import { silentLogger, type Clock, type DagRun, type RunSummary, type WantedRun } from "@memodag/core";
import { expect, test, vi } from "vitest";
import { AwaitedRuns } from "../src/steps/awaited-runs.ts";

/** A clock whose timers fire by hand. */
class HandClock implements Clock {
  readonly timers = new Set<{ readonly ms: number; readonly fire: () => void }>();
  now = (): number => 0;
  monotonic = (): number => 0;

  after(ms: number, fire: () => void): () => void {
    const timer = { ms, fire };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  fireAll(): void {
    const timers = [...this.timers];
    this.timers.clear();
    for (const { fire } of timers) fire();
  }
}

const wanted = (runId: string): WantedRun => ({ team: "t", dagId: `dag-of-${runId}`, runId });

function newAwaited() {
  const clock = new HandClock();
  const questions: string[][] = [];
  const seen: string[] = [];
  let isAway = false;
  const poison = new Set<string>();
  const asked = { next: Promise.withResolvers<void>() };
  const runs = {
    async findRunSummaries(asking: readonly WantedRun[]): Promise<(RunSummary | undefined)[]> {
      questions.push(asking.map((run) => ("runId" in run ? run.runId : "")));
      asked.next.resolve();
      asked.next = Promise.withResolvers();
      const isBad = asking.some((run) => "runId" in run && poison.has(run.runId));
      if (isAway || isBad) throw new Error("away");
      return asking.map((run) =>
        "runId" in run ? { runId: run.runId, state: "running" as const } : undefined,
      );
    },
  };
  const awaited = new AwaitedRuns({ runs, clock, log: silentLogger });
  const watch = (runId: string, everyMs = 60_000): (() => void) =>
    awaited.watch({
      run: wanted(runId),
      everyMs,
      onSeen: (summary) => seen.push(summary?.runId ?? "none"),
    });
  const looked = async (act: () => void): Promise<void> => {
    const next = asked.next.promise;
    act();
    await next;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    clock,
    awaited,
    questions,
    seen,
    watch,
    looked,
    poison,
    setAway: (away: boolean) => (isAway = away),
  };
}

test("one that cannot be asked about holds up no other, and is asked about apart", async () => {
  const { questions, seen, watch, looked, clock, poison } = newAwaited();
  poison.add("bad");
  await looked(() => ["a", "b", "bad", "c", "d"].map((runId) => watch(runId)));
  await vi.waitFor(() => expect(seen.toSorted()).toEqual(["a", "b", "c", "d"]), 20_000);
  questions.length = 0;
  await looked(() => clock.fireAll());
  await vi.waitFor(() => expect(questions).toEqual([["a", "b", "c", "d"], ["bad"]]), 20_000);
  poison.clear();
  await looked(() => clock.fireAll());
  await vi.waitFor(() => expect(seen).toContain("bad"), 20_000);
});

test("those who begin to wait together are one question, and each hears of its own run", async () => {
  const { questions, seen, watch, looked, clock } = newAwaited();
  await looked(() => {
    watch("a");
    watch("b", 0);
  });
  expect(questions).toEqual([["a", "b"]]);
  expect(seen).toEqual(["a", "b"]);
  expect(Array.from(clock.timers, ({ ms }) => ms)).toEqual([60_000, 1_000]);
});

test("a change of a run is a question about that Dag's runs; a change of anything, about all", async () => {
  const { awaited, questions, watch, looked } = newAwaited();
  await looked(() => {
    watch("a");
    watch("b");
  });
  await looked(() => awaited.changed({ team: "t", dagId: "dag-of-b" } as DagRun));
  await looked(() => awaited.wake());
  expect(questions.slice(1)).toEqual([["b"], ["a", "b"]]);
  awaited.changed({ team: "other", dagId: "dag-of-b" } as DagRun);
  await new Promise((resolve) => setImmediate(resolve));
  expect(questions).toHaveLength(3);
});

test("whoever waits no longer hears nothing, and is not asked for", async () => {
  const { questions, seen, watch, looked, clock } = newAwaited();
  let stop: () => void = () => undefined;
  await looked(() => {
    stop = watch("a");
    watch("b");
  });
  stop();
  await looked(() => clock.fireAll());
  expect(questions).toEqual([["a", "b"], ["b"]]);
  expect(seen).toEqual(["a", "b", "b"]);
});

test("a question that fails is asked again when its time comes", async () => {
  const { questions, seen, watch, looked, clock, setAway } = newAwaited();
  setAway(true);
  await looked(() => void watch("a"));
  expect(seen).toEqual([]);
  setAway(false);
  await looked(() => clock.fireAll());
  expect(questions).toEqual([["a"], ["a"]]);
  expect(seen).toEqual(["a"]);
});

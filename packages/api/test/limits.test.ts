import { silentLogger } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import type { OperationContext } from "@memodag/operations";
import type { RevisionReport } from "@memodag/operations/runs";
import { describe, expect, it } from "vitest";
import type { Principal } from "../src/principal.ts";
import { DEFAULT_LIMITS, RequestLimits } from "../src/limits/request-limits.ts";
import { TokenBuckets } from "../src/limits/token-bucket.ts";
import { RunWatcher } from "../src/live/run-watcher.ts";

describe("token buckets", () => {
  it("give as many at once as they hold, and then one as soon as it is there", () => {
    const clock = new ManualClock();
    const buckets = new TokenBuckets({ burst: 2, perSecond: 0.5 }, clock);
    expect([buckets.take("a"), buckets.take("a"), buckets.take("a"), buckets.take("b")]).toEqual([
      0, 0, 2, 0,
    ]);
    clock.advance(1_000);
    expect(buckets.take("a")).toBe(1);
    clock.advance(1_000);
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 2]);
    buckets.giveBack("a");
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 2]);
  });
});

it("streams are limited for each principal, and count until they are closed", () => {
  const limits = new RequestLimits({ ...DEFAULT_LIMITS, streamsEach: 1, streams: 2 }, new ManualClock());
  const of = (name: string) => ({ id: name }) as Principal;
  const close = limits.openStream(of("a"));
  expect(() => limits.openStream(of("a"))).toThrow(/too many streams/);
  close();
  close();
  limits.openStream(of("a"));
  limits.openStream(of("b"));
  expect(() => limits.openStream(of("c"))).toThrow(/too many streams/);
});

describe("the watcher of runs", () => {
  const run = (revision: number, runId = "r"): RevisionReport & { endedAt: number | null } => ({
    team: "ml",
    dagId: "d",
    runId,
    state: "running",
    revision,
    endedAt: null,
  });

  /** A watcher of runs that the test sets. */
  function watched() {
    const clock = new ManualClock();
    const state = { runs: [run(1)] as RevisionReport[], looks: 0 };
    const views = {
      listRevisions: async () => {
        state.looks += 1;
        return state.runs;
      },
    };
    const context = { stores: { views }, clock } as unknown as OperationContext;
    const watcher = new RunWatcher(context, clock, silentLogger);
    const look = async () => {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { state, watcher, look };
  }

  it("tells what changed since the first look, once, and asks nothing when nobody watches", async () => {
    const { state, watcher, look } = watched();
    const told: RevisionReport[][] = [];
    const stop = watcher.watch((changed) => told.push([...changed]));
    await look();
    expect(told).toEqual([]);
    state.runs = [run(2), run(1, "new")];
    await look();
    await look();
    expect(told.map((changed) => changed.map(({ runId, revision }) => [runId, revision]))).toEqual([
      [
        ["r", 2],
        ["new", 1],
      ],
    ]);
    stop();
    const { looks } = state;
    await look();
    expect(state.looks).toBe(looks);
  });

  it("looks again after a look that failed", async () => {
    const { state, watcher, look } = watched();
    const told: unknown[] = [];
    watcher.watch((changed) => told.push(changed));
    await look();
    const { runs } = state;
    Object.defineProperty(state, "runs", {
      configurable: true,
      get: () => {
        throw new Error("away");
      },
    });
    await look();
    Object.defineProperty(state, "runs", { value: [run(3), ...runs.slice(1)], writable: true });
    await look();
    expect(told).toHaveLength(1);
  });
});

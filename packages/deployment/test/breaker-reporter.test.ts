import { silentLogger } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import type { BreakerReport } from "@memodag/metastore";
import { expect, it } from "vitest";
import { BreakerReporter } from "../src/scheduler/breaker-reporter.ts";

it("reports changes in order, again while a breaker is not closed, and takes its report back at the end", async () => {
  const reports: BreakerReport[] = [];
  let answer = (): Promise<void> => Promise.resolve();
  const states = {
    async report(report: BreakerReport) {
      reports.push(report);
      await answer();
    },
  };
  const clock = new ManualClock(5);
  const reporter = new BreakerReporter({ states, clock, log: silentLogger, ttlMs: 30_000 });
  const first = Promise.withResolvers<void>();
  answer = () => first.promise;
  reporter.changed("the cache", { state: "open", error: "refused" });
  await Promise.resolve();
  clock.advanceTo(6);
  reporter.changed("the cache", { state: "half_open", error: "refused" });
  await Promise.resolve();
  // The database is slow: the second waits for the first, or it might be overtaken.
  expect(reports.map(({ state, since }) => [state, since])).toEqual([["open", 5]]);
  answer = () => Promise.reject(new Error("away"));
  first.resolve();
  clock.advance(10_000);
  await reporter.close();
  expect(clock.pending).toBe(0);
  expect(reports.map(({ state, since }) => [state, since])).toEqual([
    ["open", 5],
    ["half_open", 6],
    ["half_open", 6],
    ["closed", 10_006],
  ]);
});

it("reports the caches of named stores with the deployment's, as one", async () => {
  const reports: BreakerReport[] = [];
  const states = { report: async (report: BreakerReport) => void reports.push(report) };
  const reporter = new BreakerReporter({
    states,
    clock: new ManualClock(5),
    log: silentLogger,
    ttlMs: 30_000,
  });
  reporter.changed('the cache in "far"', { state: "half_open", error: "refused" });
  reporter.changed("the cache", { state: "open", error: "away" });
  reporter.changed("the cache", { state: "closed", error: null });
  reporter.changed('the cache in "far"', { state: "closed", error: null });
  await reporter.close();
  expect(reports.map(({ state, error }) => [state, error])).toEqual([
    ["half_open", 'the cache in "far": refused'],
    ["open", 'the cache in "far": refused; the cache: away'],
    ["half_open", 'the cache in "far": refused'],
    ["closed", null],
  ]);
});

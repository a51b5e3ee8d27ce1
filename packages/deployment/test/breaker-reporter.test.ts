import { silentLogger, type Clock } from "@memodag/core";
import type { BreakerReport } from "@memodag/metastore";
import { expect, it } from "vitest";
import { BreakerReporter } from "../src/scheduler/breaker-reporter.ts";

it("reports changes in order, again while a breaker is not closed, and takes its report back at the end", async () => {
  const reports: BreakerReport[] = [];
  let answer = (): Promise<void> => Promise.resolve();
  const board = {
    async report(report: BreakerReport) {
      reports.push(report);
      await answer();
    },
  };
  let now = 5;
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(_ms, callback) {
      timers.add(callback);
      return () => void timers.delete(callback);
    },
  };
  const reporter = new BreakerReporter({ board, clock, log: silentLogger, ttlMs: 30_000 });
  const first = Promise.withResolvers<void>();
  answer = () => first.promise;
  reporter.changed({ state: "open", error: "refused" });
  await Promise.resolve();
  now = 6;
  reporter.changed({ state: "half_open", error: "refused" });
  await Promise.resolve();
  // The database is slow: the second waits for the first, or it might be overtaken.
  expect(reports.map(({ state, since }) => [state, since])).toEqual([["open", 5]]);
  answer = () => Promise.reject(new Error("away"));
  first.resolve();
  expect(timers.size).toBe(1);
  now = 7;
  const [renew] = timers;
  renew?.();
  await reporter.close();
  expect(timers.size).toBe(0);
  expect(reports.map(({ state, since }) => [state, since])).toEqual([
    ["open", 5],
    ["half_open", 6],
    ["half_open", 6],
    ["closed", 7],
  ]);
});

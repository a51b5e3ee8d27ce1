import { silentLogger, type Watch } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { expect, it } from "vitest";
import { watchRuns } from "../src/scheduler/watch-runs.ts";

function room(open: () => Promise<Watch>) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  return { clock, warnings, watch: watchRuns({ watchRuns: open }, clock, log, () => undefined) };
}

const silence = new Promise<never>(() => undefined);

it("goes on without notifications that fail", async () => {
  const { warnings, watch } = room(() => Promise.reject(new Error("away")));
  await (await watch).close();
  expect(warnings).toEqual(["not notified of new runs; polling for them"]);
});

it("waits neither for a feed that does not open nor for one that does not close", async () => {
  const { clock, warnings, watch } = room(() => silence);
  clock.advance(10_000);
  const closing = (await watch).close();
  clock.advance(10_000);
  await closing;
  expect(warnings).toHaveLength(1);
  const open = room(() => Promise.resolve({ close: () => silence }));
  const closingOpen = (await open.watch).close();
  open.clock.advance(10_000);
  await closingOpen;
});

it("closes a feed that opened late", async () => {
  const opening = Promise.withResolvers<Watch>();
  const { clock, watch } = room(() => opening.promise);
  clock.advance(10_000);
  let isClosed = false;
  opening.resolve({ close: async () => void (isClosed = true) });
  await (await watch).close();
  expect(isClosed).toBe(true);
});

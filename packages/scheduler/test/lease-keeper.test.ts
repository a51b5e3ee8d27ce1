import { silentLogger, type RunStore } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { LeaseKeeper } from "../src/service/lease-keeper.ts";

/** A keeper of the lease of run 1, whose renewals answer when a test says so. */
function room() {
  const clock = new ManualClock();
  const renewals: PromiseWithResolvers<number[]>[] = [];
  const heard: string[] = [];
  const runs: Pick<RunStore, "renewLeases"> = {
    async renewLeases() {
      const renewal = Promise.withResolvers<number[]>();
      renewals.push(renewal);
      return await renewal.promise;
    },
  };
  const keeper = new LeaseKeeper({
    runs: runs as RunStore,
    clock,
    log: silentLogger,
    owner: "me",
    leaseMs: 30_000,
    ask: () => {
      const asked = clock.now();
      return (renewed) => heard.push(`${(clock.now() - asked) / 1_000} s: ${[...renewed].join()}`);
    },
    onExpired: () => heard.push("expired"),
  });
  keeper.begin(clock.monotonic());
  keeper.start();
  return { clock, renewals, heard, keeper };
}

test("a renewal that hangs does not keep the next one from renewing the leases", async () => {
  const { clock, renewals, heard, keeper } = room();
  clock.advance(10_000);
  renewals[1]?.resolve([1]);
  await nextTurn();
  clock.advance(25_000);
  expect([heard, keeper.areSure]).toEqual([["0 s: 1"], true]);
  // A late answer says nothing any more.
  renewals[0]?.resolve([]);
  await nextTurn();
  expect(heard).toEqual(["0 s: 1"]);
  keeper.stop();
});

test("leases expire when no renewal is answered in time", async () => {
  const { clock, heard, keeper } = room();
  clock.advance(29_999);
  expect([heard, keeper.areSure]).toEqual([[], true]);
  clock.advance(1);
  expect([heard, keeper.areSure]).toEqual([["expired"], false]);
  keeper.stop();
});

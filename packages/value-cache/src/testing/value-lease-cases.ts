// The contract of get-or-create: stale values, leases, and who waits for a creator in another process.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { never, nextTurn, type ValueCases } from "./value-cases.ts";

const MINUTE = 60_000;

export function describeLeases({ check, open }: ValueCases): void {
  check(
    "a value is current by the ttl of both, and stale within its grace",
    async ({ adapter, passTime }) => {
      const cache = open(adapter, { defaultTtl: "10m", grace: "10m" });
      await cache.getOrCreate("a", () => "old");
      await passTime(2 * MINUTE);
      equal(await cache.find("a", { ttl: "1m" }), undefined);
      equal(await cache.find("a", { ttl: "3m" }), "old");
      equal(await cache.getOrCreate("a", never), "old");
      await passTime(9 * MINUTE);
      equal(await cache.find("a"), undefined);
      const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
      const { promise: started, resolve: start } = Promise.withResolvers<unknown>();
      const fresh = cache.getOrCreate("a", async ({ stale }) => {
        start(stale);
        await gate;
        return "new";
      });
      equal(await started, "old");
      equal(await cache.getOrCreate("a", never), "old");
      openGate();
      equal(await fresh, "new");
      equal(await cache.getOrCreate("a", never), "new");
      equal((await cache.stats()).stale, 1);
    },
  );

  check(
    "another process that creates leaves the stale value; a failure does as well",
    async ({ adapter, openAgain, passTime }) => {
      const cache = open(adapter, { defaultTtl: "1m", grace: "1h" });
      await cache.set("a", "old", { ttl: "1m", grace: "1h" });
      await passTime(2 * MINUTE);
      const fail = (): never => {
        throw new Error("away");
      };
      equal(await cache.getOrCreate("a", fail), "old");
      const other = await openAgain();
      const claim = await other.tryAcquire({ team: "default", cache: "rates" }, "a", "other", MINUTE);
      equal(claim.kind, "acquired");
      equal(await cache.getOrCreate("a", never), "old");
      await rejects(cache.getOrCreate("a", never, { grace: 0, waitTimeout: 500 }), {
        code: "value_wait_timeout",
        message: /created by other/,
      });
    },
  );

  check(
    "who waits long enough gets an error or creates beside, and stores nothing",
    async ({ adapter, openAgain }) => {
      const cache = open(adapter);
      const other = await openAgain();
      const place = { team: "default", cache: "rates" };
      const claim = await other.tryAcquire(place, "a", "other", MINUTE);
      ok(claim.kind === "acquired");
      equal(
        await cache.getOrCreate("a", () => "beside", { waitTimeout: 20, onWaitTimeout: "create" }),
        "beside",
      );
      equal(await cache.find("a"), undefined);
      const waiting = cache.getOrCreate("a", never);
      await other.put(
        place,
        "a",
        { value: { kind: "json", text: '"theirs"' }, ttlMs: null, keepMs: null },
        claim.token,
      );
      await other.release(place, "a", claim.token);
      equal(await waiting, "theirs");
      equal(cache.pending, 0);
    },
  );

  check(
    "a holder that dies is waited for as long as its lease, and one waiter creates",
    async ({ adapter, openAgain, passTime }) => {
      const caches = [open(adapter), open(await openAgain())];
      await adapter.tryAcquire({ team: "default", cache: "rates" }, "a", "dead", MINUTE);
      let created = 0;
      const calls = Array.from({ length: 10 }, (_, index) =>
        caches[index % 2]?.getOrCreate("a", async () => {
          await nextTurn();
          return (created += 1);
        }),
      );
      await passTime(MINUTE + 1_000);
      deepEqual(new Set(await Promise.all(calls)), new Set([1]));
    },
  );

  check(
    "a creator that outlives its lease is told, its caller gets its value, the next one's stays",
    async ({ adapter, openAgain, passTime }) => {
      const [slow, quick] = [open(adapter, { lease: "300ms" }), open(await openAgain(), { lease: "1h" })];
      const { promise: started, resolve: start } = Promise.withResolvers<void>();
      const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
      const { promise: told, resolve: tell } = Promise.withResolvers<void>();
      const late = slow.getOrCreate("a", async ({ signal }) => {
        signal.addEventListener("abort", () => tell());
        start();
        await gate;
        return "late";
      });
      await started;
      await passTime(MINUTE);
      equal(await quick.getOrCreate("a", () => "quick"), "quick");
      await told;
      openGate();
      equal(await late, "late");
      equal(await slow.getOrCreate("a", never), "quick");
      equal((await slow.stats()).lostLeases, 1);
    },
  );

  check(
    "a creator that stops when it lost its lease has its caller get the other's value",
    async ({ adapter, openAgain, passTime }) => {
      const [slow, quick] = [open(adapter, { lease: "300ms" }), open(await openAgain(), { lease: "1h" })];
      const { promise: started, resolve: start } = Promise.withResolvers<void>();
      const late = slow.getOrCreate("a", ({ signal }) => {
        start();
        return new Promise<string>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
      });
      await started;
      await passTime(MINUTE);
      equal(await quick.getOrCreate("a", () => "quick"), "quick");
      equal(await late, "quick");
    },
  );

  check("a lease is renewed while the creator runs", async ({ adapter, openAgain }) => {
    const cache = open(adapter, { lease: "300ms" });
    const other = await openAgain();
    let asked = 0;
    const value = await cache.getOrCreate("a", async ({ signal }) => {
      // Four times its lease, by the store's own clock.
      for (const end = performance.now() + 1_200; performance.now() < end; asked += 1) {
        const claim = await other.tryAcquire({ team: "default", cache: "rates" }, "a", "rival", MINUTE);
        equal(claim.kind, "held");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return signal.aborted;
    });
    equal(value, false);
    ok(asked > 2);
  });
}

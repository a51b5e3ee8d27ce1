// The contract of get-or-create: one creator for each key, what its callers get, and what they get if it fails.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { CacheableValue } from "../encoded-value.ts";
import { never, nextTurn, type ValueCases } from "./value-cases.ts";

const MINUTE = 60_000;

export function describeCreation({ check, open }: ValueCases): void {
  check("creates once, then finds", async ({ adapter }) => {
    const cache = open(adapter);
    equal(await cache.find("a"), undefined);
    equal(await cache.getOrCreate("a", () => 1), 1);
    equal(await cache.getOrCreate("a", never), 1);
    equal(await cache.find("a"), 1);
    const stats = await cache.stats();
    deepEqual([stats.hits, stats.misses, stats.hitRate, stats.size, stats.keys], [2, 2, 0.5, 1, ["a"]]);
  });

  check("null, false, 0 and an empty string are values, undefined is refused", async ({ adapter }) => {
    const cache = open(adapter);
    for (const value of [
      null,
      false,
      0,
      "",
      [],
      new Uint8Array([0, 255]),
      new Uint8Array(),
    ] as CacheableValue[]) {
      const key = `k${JSON.stringify(value)}`;
      deepEqual(await cache.getOrCreate<CacheableValue>(key, () => value), value);
      deepEqual(await cache.getOrCreate<CacheableValue>(key, never), value);
      deepEqual(await cache.find(key), value);
    }
    const code = { code: "value_not_json" };
    await rejects(
      cache.getOrCreate("u", () => undefined as never),
      code,
    );
    await rejects(
      cache.getOrCreate("u", () => new Date() as never),
      code,
    );
    await rejects(cache.set("u", undefined as never), code);
    equal(await cache.getOrCreate("u", () => 2), 2);
  });

  check("the first call gets what the next ones get, each a copy", async ({ adapter }) => {
    const cache = open(adapter);
    const made = { list: [1], gone: undefined };
    const first = await cache.getOrCreate<CacheableValue>("a", () => made as never);
    deepEqual(first, { list: [1] });
    (first as { list: number[] }).list.push(2);
    deepEqual(await cache.getOrCreate<CacheableValue>("a", never), { list: [1] });
  });

  check("100 callers at once, one creation; those who waited count as hits", async ({ adapter }) => {
    const cache = open(adapter);
    let created = 0;
    const create = async (): Promise<number> => {
      await nextTurn();
      return (created += 1);
    };
    const values = await Promise.all(Array.from({ length: 100 }, () => cache.getOrCreate("a", create)));
    deepEqual(new Set(values), new Set([1]));
    const { hits, misses } = await cache.stats();
    deepEqual([hits, misses, cache.pending], [99, 1, 0]);
  });

  check("callers of two processes, one creation", async ({ adapter, openAgain }) => {
    const caches = [open(adapter, { holder: "one" }), open(await openAgain(), { holder: "two" })];
    let created = 0;
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const create = async (): Promise<number> => {
      setImmediate(openGate);
      await gate;
      return (created += 1);
    };
    const calls = Array.from({ length: 20 }, (_, index) => caches[index % 2]?.getOrCreate("a", create));
    deepEqual(new Set(await Promise.all(calls)), new Set([1]));
  });

  check("a creator that throws: its caller gets the error, the next waiter creates", async ({ adapter }) => {
    const cache = open(adapter);
    let calls = 0;
    const create = async (): Promise<number> => {
      calls += 1;
      const own = calls;
      await nextTurn();
      if (own <= 2) throw new Error(`failure ${own}`);
      return own;
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => cache.getOrCreate("a", create)),
    );
    equal(outcomes.filter(({ status }) => status === "rejected").length, 2);
    equal(calls, 3);
    equal(cache.pending, 0);
    equal((await cache.stats()).errors, 2);
  });

  check("a failure and newcomers: never two creators at once", async ({ adapter }) => {
    const cache = open(adapter);
    let running = 0;
    let calls = 0;
    const create = async (): Promise<number> => {
      calls += 1;
      running += 1;
      equal(running, 1);
      await nextTurn();
      running -= 1;
      throw new Error("away");
    };
    const waves: Promise<unknown>[] = [];
    for (let wave = 0; wave < 5; wave += 1) {
      for (let caller = 0; caller < 4; caller += 1)
        waves.push(rejects(cache.getOrCreate("a", create), /away/));
      await nextTurn();
    }
    await Promise.all(waves);
    equal(calls, 20);
    equal(cache.pending, 0);
  });

  check("errors are remembered as long as was said", async ({ adapter, passTime }) => {
    const cache = open(adapter);
    const fail = (): never => {
      throw Object.assign(new TypeError("away"), { code: "E_AWAY" });
    };
    await rejects(cache.getOrCreate("a", fail, { errors: "1m" }), /away/);
    await rejects(cache.getOrCreate("a", never), { name: "TypeError", message: "away", code: "E_AWAY" });
    equal(await cache.find("a"), undefined);
    equal(await cache.getOrCreate("a", () => 1, { refresh: true }), 1);
    await rejects(cache.getOrCreate("b", fail, { errors: "1m" }), /away/);
    await passTime(MINUTE + 1_000);
    equal(await cache.getOrCreate("b", () => 2), 2);
  });

  check("a creator that asks for its own key is refused, for another one it is not", async ({ adapter }) => {
    const cache = open(adapter);
    equal(await cache.getOrCreate("a", async () => (await cache.getOrCreate("b", () => 1)) + 1), 2);
    await rejects(
      cache.getOrCreate(
        "c",
        async () => await cache.getOrCreate("d", async () => await cache.getOrCreate("c", () => 1)),
      ),
      { code: "cache_key_reentered" },
    );
    equal(await cache.getOrCreate("c", () => 3), 3);
    equal(cache.pending, 0);
  });

  check("creators that wait for each other are refused, not left to wait", async ({ adapter }) => {
    const cache = open(adapter);
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const call = (own: number, other: number): Promise<number> =>
      cache.getOrCreate(`k${own}`, async () => {
        gates[own]?.resolve();
        await gates[other]?.promise;
        return await cache.getOrCreate(`k${other}`, () => own);
      });
    const outcomes = await Promise.allSettled([call(0, 1), call(1, 0)]);
    ok(
      outcomes.some(
        (outcome) => outcome.status === "rejected" && outcome.reason.code === "cache_key_reentered",
      ),
    );
    equal(cache.pending, 0);
  });

  check(
    "a creator that hangs ends with its callers' signals, and the next one creates",
    async ({ adapter }) => {
      const cache = open(adapter);
      const hang = (): Promise<never> => new Promise(() => undefined);
      const controllers = [new AbortController(), new AbortController()];
      let heard: AbortSignal | undefined;
      const { promise: started, resolve: start } = Promise.withResolvers<void>();
      const calls = controllers.map(({ signal }) =>
        cache.getOrCreate(
          "a",
          ({ signal: own }) => {
            heard = own;
            start();
            return hang();
          },
          { signal },
        ),
      );
      await started;
      // The other call has joined the creation, instead of asking the store still.
      while ((await cache.stats()).waits === 0) await nextTurn();
      controllers[0]?.abort(new Error("first"));
      await rejects(calls[0] ?? hang(), /first/);
      equal(heard?.aborted, false);
      controllers[1]?.abort(new Error("second"));
      await rejects(calls[1] ?? hang(), /second/);
      equal(heard?.aborted, true);
      equal(cache.pending, 0);
      equal(await cache.getOrCreate("a", () => "next"), "next");
      await rejects(
        cache.getOrCreate("b", never, { signal: AbortSignal.abort(new Error("before")) }),
        /before/,
      );
    },
  );
}

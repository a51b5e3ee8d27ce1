// The promises of get-or-create on every store, as tests: one creator, failures, leases, and faults of the store.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { CacheableValue } from "../encoded-value.ts";
import type { ValueAdapter } from "../value-adapter.ts";
import { ValueCache } from "../value-cache.ts";
import type { ValueCacheOptions } from "../value-options.ts";
import { caseOf, type TestRunner, type ValueStoreHarness } from "./value-harness.ts";

const MINUTE = 60_000;

/** Registers the promises of {@link ValueCache} on an adapter as tests. */
export function describeValueCache(name: string, harness: ValueStoreHarness, runner: TestRunner): void {
  runner.describe(`get-or-create on ${name}`, () => {
    const opened: ValueCache[] = [];
    const open = (...args: Parameters<typeof openCache>): ValueCache => {
      const cache = openCache(...args);
      opened.push(cache);
      return cache;
    };
    // Closed, so that no cache writes its counts while the next test counts.
    const close = () => Promise.all(opened.splice(0).map((cache) => cache.close()));
    const checkOpen = caseOf(runner, harness);
    const check: typeof checkOpen = (title, body) =>
      checkOpen(title, async (store) => {
        await body(store).finally(close);
      });

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

    check(
      "a creator that throws: its caller gets the error, the next waiter creates",
      async ({ adapter }) => {
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
      },
    );

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

    check(
      "a creator that asks for its own key is refused, for another one it is not",
      async ({ adapter }) => {
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
      },
    );

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

    check(
      "refresh creates anew, skip stores nothing, keepFor sets the ttl",
      async ({ adapter, passTime }) => {
        const cache = open(adapter);
        await cache.set("a", 1);
        equal(await cache.getOrCreate("a", () => 2, { refresh: true }), 2);
        equal(await cache.find("a"), 2);
        const skipped = await cache.getOrCreate("b", ({ skip }) => {
          skip();
          return 1;
        });
        equal(skipped, 1);
        equal(await cache.find("b"), undefined);
        await cache.getOrCreate("c", ({ keepFor }) => {
          keepFor("1m");
          return 1;
        });
        await cache.getOrCreate("d", ({ keepFor }) => {
          keepFor(null);
          return 1;
        });
        await passTime(2 * MINUTE);
        equal(await cache.find("c"), undefined);
        await passTime(1_000 * MINUTE);
        equal(await cache.find("d"), 1);
      },
    );

    check(
      "deleted or set while it is being created: the created value is not stored",
      async ({ adapter }) => {
        const cache = open(adapter);
        for (const change of [() => cache.delete("a"), () => cache.clear(), () => cache.set("a", "set")]) {
          equal(await cache.getOrCreate("a", async () => (await change(), "old"), { refresh: true }), "old");
          ok((await cache.find("a")) !== "old");
        }
      },
    );

    check(
      "clear of a group leaves neighbours, and clears nothing where none is named",
      async ({ adapter }) => {
        const cache = open(adapter);
        for (const key of ["users/1", "users2/1", "users"]) await cache.set(key, key);
        equal(await cache.clear({ under: "users" }), 1);
        await rejects(cache.clear({ under: "" }), { code: "value_key_invalid" });
        await rejects(cache.clear({ under: undefined } as never), { code: "usage" });
        equal(await cache.clear(), 2);
      },
    );

    check("keys that cannot be are refused before anything is stored", async ({ adapter }) => {
      const cache = open(adapter);
      for (const key of [
        "",
        "a\u0000",
        "a\nb",
        "\ud800",
        "k".repeat(1_025),
        "é".repeat(550),
        1,
        undefined,
      ] as string[]) {
        await rejects(cache.getOrCreate(key, never), { code: "value_key_invalid" });
        await rejects(cache.set(key, 1), { code: "value_key_invalid" });
        await rejects(cache.find(key), { code: "value_key_invalid" });
      }
      equal((await cache.stats()).size, 0);
    });

    check("a store that fails at any step costs a creation, or says so", async ({ adapter }) => {
      for (const step of ["find", "tryAcquire", "put", "release", "tryRenew", "addCounts"] as const) {
        const broken = faulty(adapter, step);
        const cache = open(broken);
        equal(await cache.getOrCreate(step, () => 1), 1, step);
        equal(cache.pending, 0);
        const isSaid = ["find", "tryAcquire", "put"].includes(step);
        const strict = open(faulty(adapter, step)).getOrCreate(`strict ${step}`, () => 1, {
          onStoreFailure: "throw",
        });
        if (isSaid) await rejects(strict, /no connection/, step);
        else equal(await strict, 1);
      }
    });

    check("a store that fails has one creator in this process", async ({ adapter }) => {
      const cache = open(faulty(adapter, "find", "tryAcquire", "put"));
      let created = 0;
      const create = async (): Promise<number> => {
        await nextTurn();
        return (created += 1);
      };
      deepEqual(
        new Set(await Promise.all(Array.from({ length: 50 }, () => cache.getOrCreate("a", create)))),
        new Set([1]),
      );
    });

    check("turned off, it finds and stores nothing, and creates", async ({ adapter }) => {
      let isEnabled = false;
      const cache = open(adapter, { isEnabled: () => isEnabled });
      equal(await cache.getOrCreate("a", () => 1), 1);
      await cache.set("a", 2);
      equal(await cache.find("a"), undefined);
      isEnabled = true;
      equal(await cache.getOrCreate("a", () => 3), 3);
    });
  });
}

function openCache(adapter: ValueAdapter, options: Partial<ValueCacheOptions> = {}): ValueCache {
  return new ValueCache({ name: "rates", adapter, ...options });
}

function never(): never {
  throw new Error("the creator was called");
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** An adapter some of whose methods reject. */
function faulty(adapter: ValueAdapter, ...steps: readonly (keyof ValueAdapter)[]): ValueAdapter {
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (steps.includes(name as keyof ValueAdapter))
        return async () => Promise.reject(new Error("no connection"));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

// The contract of get-or-create: what is removed, replaced and refused, and a store that fails.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { faulty, never, nextTurn, type ValueCases } from "./value-cases.ts";

const MINUTE = 60_000;

export function describeUse({ check, open }: ValueCases): void {
  check("refresh creates anew, skip stores nothing, keepFor sets the ttl", async ({ adapter, passTime }) => {
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
  });

  check("deleted or set while it is being created: the created value is not stored", async ({ adapter }) => {
    const cache = open(adapter);
    for (const change of [() => cache.delete("a"), () => cache.clear(), () => cache.set("a", "set")]) {
      equal(await cache.getOrCreate("a", async () => (await change(), "old"), { refresh: true }), "old");
      ok((await cache.find("a")) !== "old");
    }
  });

  check("clear of a group leaves neighbours, and clears nothing where none is named", async ({ adapter }) => {
    const cache = open(adapter);
    for (const key of ["users/1", "users2/1", "users"]) await cache.set(key, key);
    equal(await cache.clear({ under: "users" }), 1);
    await rejects(cache.clear({ under: "" }), { code: "value_key_invalid" });
    await rejects(cache.clear({ under: undefined } as never), { code: "usage" });
    equal(await cache.clear(), 2);
  });

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
}

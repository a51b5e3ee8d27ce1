// The contract of adapters of value caches, as tests that any store can run.

import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { NO_VALUE_COUNTS, type EncodedValue, type NewValue, type ValueAdapter } from "../value-adapter.ts";
import { caseOf, type TestRunner, type ValueStoreHarness } from "./value-harness.ts";

const MINUTE = 60_000;
const PLACE = { team: "geo", cache: "rates" };

/** Keys that stores with escapes, patterns, case folding or normal forms of their own confuse. */
const ODD_KEYS = [
  "a",
  "A",
  "a ",
  " a",
  "a/b",
  "a//b",
  "../a",
  "a%",
  "a_",
  "a*",
  "a?",
  "[a]",
  "a{b}c",
  "a:b",
  "a\\b",
  "a'b\"c",
  "\u00e9",
  "e\u0301",
  "\u212b",
  "\u00c5",
  "名前",
  "😀",
  "\u200b",
  "\ufffd",
  "__proto__",
  "constructor",
  "0",
  "00",
  "k".repeat(1_024),
  "é".repeat(512),
];

const VALUES: readonly EncodedValue[] = [
  ...["null", "false", "0", '""', "[]", "{}", '"\\u0000"', '"😀"', '{"a":[1,{"b":null}]}'].map((text) => ({
    kind: "json" as const,
    text,
  })),
  { kind: "bytes", bytes: new Uint8Array() },
  { kind: "bytes", bytes: Uint8Array.from({ length: 256 }, (_, index) => index) },
  { kind: "error", text: '{"message":"away","name":"Error"}' },
];

/**
 * Registers the contract of {@link ValueAdapter} as tests.
 *
 * @example describeValueAdapter("redis", { open: openRedis }, { describe, test });
 */
export function describeValueAdapter(name: string, harness: ValueStoreHarness, runner: TestRunner): void {
  runner.describe(`${name} as an adapter of value caches`, () => {
    const check = caseOf(runner, harness);

    check("what was stored is found as it was, until then nothing is", async ({ adapter }) => {
      equal((await adapter.find(PLACE, ["a"])).size, 0);
      for (const value of VALUES) {
        equal(await adapter.put(PLACE, "a", valueOf(value), null), "stored");
        const found = (await adapter.find(PLACE, ["a"])).get("a");
        deepEqual(found && { value: plain(found.value), ttlMs: found.ttlMs }, {
          value: plain(value),
          ttlMs: MINUTE,
        });
      }
    });

    check("keys are apart to the letter, and listed by their bytes", async ({ adapter }) => {
      for (const key of ODD_KEYS) await adapter.put(PLACE, key, jsonOf(key), null);
      const found = await adapter.find(PLACE, ODD_KEYS);
      for (const key of ODD_KEYS) deepEqual(found.get(key)?.value, jsonOf(key).value);
      equal(await adapter.size(PLACE), ODD_KEYS.length);
      const sorted = ODD_KEYS.map((key) => Buffer.from(key)).sort(Buffer.compare);
      deepEqual(await adapter.listKeys(PLACE, 1_000), sorted.map(String));
      deepEqual(await adapter.listKeys(PLACE, 3), sorted.slice(0, 3).map(String));
      deepEqual(await adapter.listKeys(PLACE, 0), []);
    });

    check("caches and teams are apart", async ({ adapter }) => {
      const others = [
        { team: "geo", cache: "rates2" },
        { team: "geo", cache: "Rates" },
        { team: "geo", cache: "rate" },
        { team: "geo2", cache: "rates" },
        { team: "ge", cache: "orates" },
      ];
      for (const place of [PLACE, ...others]) {
        await adapter.put(place, "a", jsonOf([place.team, place.cache]), null);
        equal((await adapter.tryAcquire(place, "a", "one", MINUTE)).kind, "acquired");
      }
      equal(await adapter.clear(PLACE, undefined), 1);
      equal((await adapter.find(PLACE, ["a"])).size, 0);
      for (const place of others) {
        equal(await adapter.size(place), 1);
        deepEqual(
          (await adapter.find(place, ["a"])).get("a")?.value,
          jsonOf([place.team, place.cache]).value,
        );
      }
    });

    check(
      "its age is that of the store's clock, and what it keeps no longer is not there",
      async ({ adapter, passTime }) => {
        await adapter.put(PLACE, "a", { ...jsonOf(1), ttlMs: MINUTE, keepMs: 3 * MINUTE }, null);
        await adapter.put(PLACE, "unlimited", { ...jsonOf(2), ttlMs: null, keepMs: null }, null);
        const age = async (): Promise<number | undefined> =>
          (await adapter.find(PLACE, ["a"])).get("a")?.ageMs;
        ok(Number(await age()) < MINUTE);
        await passTime(2 * MINUTE);
        const later = Number(await age());
        ok(later >= 2 * MINUTE && later < 3 * MINUTE, `${later}`);
        await passTime(MINUTE);
        equal(await age(), undefined);
        equal(await adapter.size(PLACE), 1);
        deepEqual(await adapter.listKeys(PLACE, 10), ["unlimited"]);
        equal(await adapter.delete(PLACE, "a"), false);
        await passTime(1_000 * MINUTE);
        equal((await adapter.find(PLACE, ["unlimited"])).size, 1);
      },
    );

    check("what is stored anew begins anew", async ({ adapter, passTime }) => {
      await adapter.put(PLACE, "a", { ...jsonOf(1), keepMs: 2 * MINUTE }, null);
      await passTime(MINUTE + 1_000);
      await adapter.put(PLACE, "a", { ...jsonOf(2), keepMs: 2 * MINUTE }, null);
      await passTime(MINUTE + 1_000);
      deepEqual((await adapter.find(PLACE, ["a"])).get("a")?.value, jsonOf(2).value);
      await adapter.put(PLACE, "a", { ...jsonOf(3), ttlMs: null, keepMs: null }, null);
      await passTime(1_000 * MINUTE);
      equal((await adapter.find(PLACE, ["a"])).get("a")?.ttlMs, null);
    });

    check("deleting says whether there was one", async ({ adapter }) => {
      await adapter.put(PLACE, "a", jsonOf(1), null);
      equal(await adapter.delete(PLACE, "a"), true);
      equal(await adapter.delete(PLACE, "a"), false);
      equal(await adapter.size(PLACE), 0);
    });

    check("clearing a group leaves its neighbours", async ({ adapter }) => {
      const keys = [
        "users",
        "users/a",
        "users/a/b",
        "users/é",
        "users2",
        "users2/a",
        "users0",
        "users.",
        "user",
        "Users/a",
      ];
      for (const key of keys) await adapter.put(PLACE, key, jsonOf(key), null);
      equal(await adapter.clear(PLACE, "users/"), 3);
      deepEqual(
        new Set(await adapter.listKeys(PLACE, 100)),
        new Set(keys.filter((key) => !key.startsWith("users/"))),
      );
      for (const key of ["a_/x", "ab/x", "a%/x", "a*/x", "a\u00e9/x"])
        await adapter.put(PLACE, key, jsonOf(key), null);
      for (const prefix of ["a_/", "a%/", "a*/"]) equal(await adapter.clear(PLACE, prefix), 1);
      equal((await adapter.find(PLACE, ["ab/x", "a\u00e9/x"])).size, 2);
    });

    check("1,001 values are counted, listed and cleared", async ({ adapter }) => {
      const keys = Array.from({ length: 1_001 }, (_, index) => `k/${index}`);
      for (const key of keys) await adapter.put(PLACE, key, jsonOf(key), null);
      equal(await adapter.size(PLACE), 1_001);
      equal((await adapter.listKeys(PLACE, 10_000)).length, 1_001);
      equal((await adapter.find(PLACE, keys)).size, 1_001);
      equal(await adapter.clear(PLACE, "k/"), 1_001);
      equal(await adapter.size(PLACE), 0);
    });

    check("one holder at a time, until it is released or expires", async ({ adapter, passTime }) => {
      const first = await acquire(adapter, "first");
      deepEqual(await adapter.tryAcquire(PLACE, "a", "second", MINUTE), { kind: "held", holder: "first" });
      deepEqual(await adapter.tryAcquire(PLACE, "a", "first", MINUTE), { kind: "held", holder: "first" });
      await adapter.release(PLACE, "a", first);
      const second = await acquire(adapter, "second");
      notEqual(second, first);
      await passTime(MINUTE / 2);
      equal(await adapter.tryRenew(PLACE, "a", second, MINUTE), true);
      await passTime(MINUTE / 2 + 1_000);
      equal((await adapter.tryAcquire(PLACE, "a", "third", MINUTE)).kind, "held");
      await passTime(MINUTE);
      equal(await adapter.tryRenew(PLACE, "a", second, MINUTE), false);
      notEqual(await acquire(adapter, "third"), second);
    });

    check("of many that ask at once, one gets it", async ({ adapter, openAgain }) => {
      const rivals = [adapter, await openAgain()];
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (rivals[index % 2] ?? adapter).tryAcquire(PLACE, "a", `${index}`, MINUTE),
        ),
      );
      equal(claims.filter(({ kind }) => kind === "acquired").length, 1);
    });

    check(
      "who has the lease stores; who has lost it does not, and frees nothing",
      async ({ adapter, passTime }) => {
        const late = await acquire(adapter, "late");
        await passTime(2 * MINUTE);
        const token = await acquire(adapter, "next");
        equal(await adapter.put(PLACE, "a", jsonOf("late"), late), "overtaken");
        equal((await adapter.find(PLACE, ["a"])).size, 0);
        await adapter.release(PLACE, "a", late);
        equal(await adapter.put(PLACE, "a", jsonOf("next"), token), "stored");
        equal((await adapter.tryAcquire(PLACE, "a", "third", MINUTE)).kind, "held");
        await adapter.release(PLACE, "a", token);
        equal(await adapter.put(PLACE, "a", jsonOf("late"), token), "overtaken");
        deepEqual((await adapter.find(PLACE, ["a"])).get("a")?.value, jsonOf("next").value);
      },
    );

    check("set, delete and clear overtake who creates, and free no lease", async ({ adapter }) => {
      const changes: readonly [string, () => Promise<unknown>][] = [
        ["set", () => adapter.put(PLACE, "a", jsonOf("set"), null)],
        ["delete", () => adapter.delete(PLACE, "a")],
        ["clear", () => adapter.clear(PLACE, undefined)],
      ];
      for (const [change, apply] of changes) {
        const token = await acquire(adapter, change);
        await apply();
        equal(await adapter.put(PLACE, "a", jsonOf("old"), token), "overtaken", change);
        equal((await adapter.tryAcquire(PLACE, "a", "second", MINUTE)).kind, "held", change);
        equal(await adapter.tryRenew(PLACE, "a", token, MINUTE), true, change);
        await adapter.release(PLACE, "a", token);
        const next = await acquire(adapter, "next");
        equal(await adapter.put(PLACE, "a", jsonOf("new"), next), "stored", change);
        await adapter.release(PLACE, "a", next);
      }
    });

    check("clearing a group overtakes those who create in it alone", async ({ adapter }) => {
      const [inside, beside] = [await acquire(adapter, "one", "g/a"), await acquire(adapter, "one", "g2/a")];
      await adapter.clear(PLACE, "g/");
      equal(await adapter.put(PLACE, "g/a", jsonOf(1), inside), "overtaken");
      equal(await adapter.put(PLACE, "g2/a", jsonOf(1), beside), "stored");
    });

    check("counts add up, and outlive what is cleared", async ({ adapter, openAgain }) => {
      deepEqual(await adapter.readCounts(PLACE), NO_VALUE_COUNTS);
      await adapter.addCounts(PLACE, { ...NO_VALUE_COUNTS, hits: 2, misses: 1 });
      await (await openAgain()).addCounts(PLACE, { ...NO_VALUE_COUNTS, hits: 3, lostLeases: 1 });
      await adapter.clear(PLACE, undefined);
      const counts = { ...NO_VALUE_COUNTS, hits: 5, misses: 1, lostLeases: 1 };
      deepEqual({ ...(await adapter.readCounts(PLACE)) }, counts);
      deepEqual(await adapter.readCounts({ team: "geo", cache: "rates2" }), NO_VALUE_COUNTS);
    });
  });

  async function acquire(adapter: ValueAdapter, holder: string, key = "a"): Promise<number> {
    const claim = await adapter.tryAcquire(PLACE, key, holder, MINUTE);
    if (claim.kind === "held") throw new Error(`held by ${claim.holder}`);
    return claim.token;
  }
}

function valueOf(value: EncodedValue): NewValue {
  return { value, ttlMs: MINUTE, keepMs: MINUTE };
}

function jsonOf(value: unknown): NewValue {
  return valueOf({ kind: "json", text: JSON.stringify(value) });
}

/** A Buffer and a Uint8Array of the same bytes are the same. */
function plain(value: EncodedValue): unknown {
  return value.kind === "bytes" ? { kind: "bytes", bytes: [...value.bytes] } : value;
}

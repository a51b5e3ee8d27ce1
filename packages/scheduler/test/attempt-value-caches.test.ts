// Value caches as running attempts have them: the settings of the config apply, leases last as long as the process, and
// what a worker claims is not believed.

import { silentLogger, type Attempt, type JsonValue } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { MemoryValueAdapter } from "@memodag/value-cache";
import { openRemoteValueCache } from "@memodag/value-cache/remote";
import { beforeEach, describe, expect, test } from "vitest";
import { AttemptValueCaches, type NamedValueCache } from "../src/service/attempt-value-caches.ts";

const MINUTE = 60_000;
const never = (): never => {
  throw new Error("created once more");
};
const attemptOf = (attemptId: string, team = "ants"): Attempt =>
  ({ attemptId, team, dagId: "daily", taskId: "load", runId: "r1" }) as Attempt;

describe("a value cache of an attempt", () => {
  let clock: ManualClock;
  let caches: AttemptValueCaches;
  let config: NamedValueCache;
  beforeEach(() => {
    clock = new ManualClock();
    const adapter = new MemoryValueAdapter({ clock });
    config = { adapter, isEnabled: true, ttlMs: MINUTE, leaseMs: MINUTE, maxValueBytes: 100 };
    const source = { find: async (_team: string, name: string) => (name === "rates" ? config : undefined) };
    caches = new AttemptValueCaches({ source, clock, log: silentLogger });
  });

  /** As it passes through the channel of a worker. */
  const call = async (attempt: Attempt, method: string, ...args: JsonValue[]): Promise<JsonValue> =>
    JSON.parse(JSON.stringify(await caches.call(attempt, { cache: "rates", method, args }))) as JsonValue;
  const open = (attempt: Attempt) =>
    openRemoteValueCache("rates", (method, args) => call(attempt, method, ...args));

  test("has the ttl of the config, unless the call names one", async () => {
    const rates = await open(attemptOf("a1"));
    await rates.getOrCreate("short", () => 1);
    await rates.getOrCreate("long", () => 1, { ttl: "1h" });
    await clock.advance(MINUTE - 1);
    expect(await rates.getOrCreate("short", never)).toBe(1);
    await clock.advance(1);
    expect(await rates.find("short")).toBeUndefined();
    expect(await rates.find("long")).toBe(1);
  });

  test("that is not enabled finds and stores nothing; creators run", async () => {
    await (await open(attemptOf("a1"))).set("EUR", 1);
    config = { ...config, isEnabled: false };
    const rates = await open(attemptOf("a2"));
    expect(await rates.find("EUR")).toBeUndefined();
    expect(await rates.getOrCreate("EUR", () => 2)).toBe(2);
    await rates.set("EUR", 3);
    config = { ...config, isEnabled: true };
    expect(await (await open(attemptOf("a3"))).find("EUR")).toBe(1);
  });

  test("has its grace, remembered errors, bytes and counts", async () => {
    const rates = await open(attemptOf("a1"));
    const fail = (): Promise<never> => Promise.reject(new TypeError("away"));
    await expect(rates.getOrCreate("EUR", fail, { errors: "1h" })).rejects.toThrow("away");
    await expect(rates.getOrCreate("EUR", never)).rejects.toMatchObject({ name: "TypeError", ageMs: 0 });
    await rates.set("raw", Uint8Array.of(0, 255), { ttl: "1m", grace: "1h" });
    await clock.advance(2 * MINUTE);
    expect(await rates.getOrCreate("raw", fail, { grace: "1h" })).toEqual(Uint8Array.of(0, 255));
    expect(await rates.stats()).toMatchObject({
      hits: 0,
      misses: 0,
      hitRate: 0,
      stale: 1,
      size: 2,
      keys: ["EUR", "raw"],
    });
    await expect(rates.set("EUR", "x".repeat(100))).rejects.toMatchObject({ code: "value_too_large" });
    await expect(
      call(attemptOf("a1"), "put", "EUR", { kind: "json", text: `"${"x".repeat(100)}"` }, null, null, null),
    ).rejects.toMatchObject({ code: "value_too_large" });
    expect(await rates.clear()).toBe(2);
  });

  test("is one of its team", async () => {
    await (await open(attemptOf("a1"))).set("EUR", 1);
    expect(await (await open(attemptOf("b1", "bees"))).find("EUR")).toBeUndefined();
  });

  test("keeps the lease of a process that renews nothing, until it ends", async () => {
    const [busy, other] = [attemptOf("a1"), attemptOf("a2")];
    expect(await call(busy, "claim", "EUR")).toMatchObject({ kind: "acquired" });
    for (let waited = 0; waited < 5; waited += 1) {
      await clock.advance(MINUTE / 2);
      expect(await call(other, "claim", "EUR")).toEqual({ kind: "held", holder: "daily.load of run r1" });
    }
    caches.attemptEnded(busy);
    expect(await call(other, "claim", "EUR")).toMatchObject({ kind: "acquired" });
    caches.attemptEnded(other);
    expect(caches.holders).toBe(0);
  });

  test("believes no token that was not given to the attempt", async () => {
    const [holder, liar] = [attemptOf("a1"), attemptOf("a2")];
    const { token } = (await call(holder, "claim", "EUR")) as { token: number };
    const value = { kind: "json", text: "1" };
    expect(await call(liar, "held", "EUR", token)).toBe(false);
    await call(liar, "free", "EUR", token);
    expect(await call(liar, "put", "EUR", value, null, null, token)).toBe("overtaken");
    expect(await call(holder, "put", "EUR", value, null, null, token)).toBe("stored");
    await call(holder, "free", "EUR", token);
    expect(await call(holder, "put", "EUR", value, null, null, token)).toBe("overtaken");
  });

  test.each([
    ["find", "EUR"],
    ["put", "EUR", "text", null, null, null],
    ["put", "EUR", { kind: "json", text: "{" }, null, null, null],
    ["put", "EUR", { kind: "json", text: "1" }, -1, null, null],
    ["held", "EUR", "1"],
    ["count", { hits: -1 }],
    ["drop"],
  ] as [string, ...JsonValue[]][])("refuses %s with %s", async (method, ...args) => {
    await expect(call(attemptOf("a1"), method, ...args)).rejects.toMatchObject({ code: "usage" });
  });

  test("that is not in the config is refused with what to add", async () => {
    await expect(caches.call(attemptOf("a1"), { cache: "prices", method: "open", args: [] })).rejects.toThrow(
      'add [[caches]] with name = "prices"',
    );
  });
});

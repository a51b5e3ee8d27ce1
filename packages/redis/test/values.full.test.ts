import { ValueCache } from "@memodag/value-cache";
import { describeValueAdapter, describeValueCache } from "@memodag/value-cache/testing";
import { RedisServer } from "@memodag/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRedisValues } from "../src/index.ts";
import { PASS_TIME } from "./pass-time.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const harness = {
  async open() {
    await server.command("FLUSHALL");
    const adapters = [await openRedisValues({ url: server.url }), await openRedisValues({ url: server.url })];
    const [adapter, again] = adapters;
    if (!adapter || !again) throw new Error("not opened");
    return {
      adapter,
      openAgain: async () => again,
      passTime: async (ms: number) => void (await server.command("EVAL", PASS_TIME, "0", String(ms))),
      close: async () => void (await Promise.all(adapters.map((each) => each.close()))),
    };
  },
};
describeValueAdapter("redis", harness, { describe, test });
describeValueCache("redis", harness, { describe, test });

describe("a value cache on redis", () => {
  test("flushed under a lease: the value of who creates is not stored over that of the next one", async () => {
    await server.command("FLUSHALL");
    const adapter = await openRedisValues({ url: server.url });
    const [first, second] = [1, 2].map(() => new ValueCache({ name: "rates", adapter, lease: "1h" }));
    const value = await first?.getOrCreate("a", async () => {
      await server.command("FLUSHALL");
      await second?.getOrCreate("a", () => "second");
      return "first";
    });
    expect(value).toBe("first");
    expect(await first?.find("a")).toBe("second");
    await adapter.close();
  });

  test("restarted under a lease, it costs a creation and is used again afterwards", async () => {
    const adapter = await openRedisValues({ url: server.url });
    const cache = new ValueCache({ name: "rates", adapter });
    await cache.clear();
    const value = await cache.getOrCreate("a", async () => {
      await server.stop();
      return "away";
    });
    expect(value).toBe("away");
    expect(await cache.getOrCreate("a", () => "still away")).toBe("still away");
    await expect(cache.getOrCreate("a", () => 1, { onStoreFailure: "throw" })).rejects.toMatchObject({
      code: "cache_backend_failed",
    });
    await server.startAgain();
    // It connects by itself, and is left alone for a second after several failures.
    await expect
      .poll(async () => await cache.getOrCreate("a", () => "back").then(async () => await cache.find("a")), {
        timeout: 10_000,
      })
      .toBe("back");
    await adapter.close();
  });

  test("a clear removes what it cleared, also what never expires", async () => {
    await server.command("FLUSHALL");
    const adapter = await openRedisValues({ url: server.url });
    const cache = new ValueCache({ name: "rates", adapter, defaultTtl: null });
    for (let index = 0; index < 1_200; index += 1) await cache.set(`k${index}`, index);
    expect(await cache.clear()).toBe(1_200);
    expect(await server.command("KEYS", "*:v:*")).toEqual([]);
    expect(Number(await server.command("DBSIZE"))).toBeLessThan(5);
    await adapter.close();
  });

  test("a server that is away does not keep it from opening; no URL does", async () => {
    const adapter = await openRedisValues({ url: "redis://127.0.0.1:1" });
    const cache = new ValueCache({ name: "rates", adapter });
    expect(await cache.getOrCreate("a", () => 1)).toBe(1);
    await adapter.close();
    for (const url of ["", "localhost:6379", "http://localhost"]) {
      await expect(openRedisValues({ url })).rejects.toMatchObject({ code: "usage" });
    }
  });
});

import { silentLogger, systemClock } from "@memodag/core";
import { beforeEach, expect, test, vi } from "vitest";
import { CacheLeases, MemoryLeaseStore, type LeaseStore } from "../src/index.ts";
import { ManualClock } from "@memodag/core/testing";

const OPTIONS = { leaseMs: 3_000, timeoutMs: () => 50, breakerThreshold: 3, breakerRestMs: 60_000 };

let clock: ManualClock;
let store: MemoryLeaseStore;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryLeaseStore(clock);
});

function leasesOver(parts: Partial<LeaseStore> = {}, opened?: () => Promise<void>): CacheLeases {
  const faulty: LeaseStore = {
    tryAcquire: (...call) => store.tryAcquire(...call),
    tryRenew: (...call) => store.tryRenew(...call),
    release: (...call) => store.release(...call),
    list: (...call) => store.list(...call),
    tryRevoke: (...call) => store.tryRevoke(...call),
    ...parts,
  };
  const rest = { clock, log: silentLogger, options: OPTIONS };
  return new CacheLeases({ store: faulty, ...rest, ...(opened && { opened }) });
}

/** Lets what a timer of the fake clock has started come to its end. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function acquired(leases: CacheLeases, holder: string) {
  const outcome = await leases.acquire("ml", "key", holder);
  if (outcome.kind !== "acquired") throw new Error(outcome.kind);
  return outcome.lease;
}

test("asks the store once for the runs of one process, and wakes those that wait", async () => {
  let calls = 0;
  const leases = leasesOver({
    tryAcquire(...call) {
      calls += 1;
      return store.tryAcquire(...call);
    },
  });
  const holders = ["one", "two", "three"];
  const outcomes = await Promise.all(holders.map((holder) => leases.acquire("ml", "key", holder)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["acquired", "held", "held"]);
  expect(outcomes[2]).toEqual({ kind: "held", holder: "one" });
  expect(calls).toBe(1);

  let woken = 0;
  leases.onceFreed("ml", "key", () => (woken += 1));
  leases.onceFreed("ml", "another", () => (woken += 100));
  const [first] = outcomes;
  if (first?.kind === "acquired") await leases.release(first.lease);
  expect(woken).toBe(1);
  await leases.release(await acquired(leases, "two"));
  expect(woken).toBe(1);
});

test("renews what is held for as long as it is held", async () => {
  const leases = leasesOver();
  const lease = await acquired(leases, "one");
  for (let round = 0; round < 10; round += 1) {
    clock.advance(OPTIONS.leaseMs / 3);
    await settled();
  }
  expect(await store.tryAcquire("ml", "key", "two", 1)).toEqual({ kind: "held", holder: "one" });
  await leases.release(lease);
  expect(await store.tryAcquire("ml", "key", "two", 1)).toMatchObject({ kind: "acquired" });
});

test("renews thousands in few calls, and tells of those that were lost", async () => {
  const counts: number[] = [];
  let isAway = false;
  const leases = leasesOver({
    tryRenew: () => Promise.reject(new Error("one by one")),
    async renewAll(held, leaseMs) {
      counts.push(held.length);
      if (isAway) throw new Error("away");
      return await store.renewAll(held, leaseMs);
    },
  });
  const lost: string[] = [];
  const keys = Array.from({ length: 2_500 }, (_, index) => `key ${index}`);
  for (const key of keys) await leases.acquire("ml", key, "one", () => lost.push(key));
  await store.tryRevoke("ml", "key 1700");
  const round = async (): Promise<void> => {
    clock.advance(OPTIONS.leaseMs / 3);
    await settled();
  };
  await round();
  expect([counts, lost]).toEqual([[1_000, 1_000, 500], ["key 1700"]]);
  isAway = true;
  await round();
  expect(lost).toHaveLength(1);
  // The next attempt may come after others can have them.
  await round();
  expect(lost).toHaveLength(2_500);
});

test("confirms and releases the leases of a turn together", async () => {
  const calls: string[] = [];
  const leases = leasesOver({
    tryRenew: () => Promise.reject(new Error("one by one")),
    release: () => Promise.reject(new Error("one by one")),
    async renewAll(held, leaseMs) {
      calls.push(`renew ${held.length}`);
      return await store.renewAll(held, leaseMs);
    },
    async releaseAll(held) {
      calls.push(`release ${held.length}`);
      await store.releaseAll(held);
    },
  });
  const held = [];
  for (let index = 0; index < 1_500; index += 1) {
    const outcome = await leases.acquire("ml", `key ${index}`, "one", () => undefined);
    if (outcome.kind === "acquired") held.push(outcome.lease);
  }
  await store.tryRevoke("ml", "key 7");
  const areHeld = await Promise.all(held.map((lease) => leases.fenceOf(lease).confirm()));
  expect(areHeld.flatMap((isHeld, index) => (isHeld ? [] : [index]))).toEqual([7]);
  let freedCount = 0;
  for (const { key } of held) leases.onceFreed("ml", key, () => (freedCount += 1));
  await Promise.all(held.map((lease) => leases.release(lease)));
  expect(calls).toEqual(["renew 1000", "renew 500", "release 1000", "release 499"]);
  expect(freedCount).toBe(1_499);
  expect(await store.list()).toEqual([]);
});

test("releases one by one, some at once, where the store has no other way", async () => {
  let [running, most] = [0, 0];
  const leases = leasesOver({
    async release(...call) {
      running += 1;
      most = Math.max(most, running);
      await settled();
      await store.release(...call);
      running -= 1;
    },
  });
  for (let index = 0; index < 500; index += 1) await leases.acquire("ml", `key ${index}`, "one");
  await leases.close();
  expect(await store.list()).toEqual([]);
  expect(most).toBeLessThan(100);
});

test("an attempt to renew that hangs does not put off the next one", async () => {
  let calls = 0;
  const leases = leasesOver({
    tryRenew: () => {
      calls += 1;
      return new Promise<never>(() => undefined);
    },
  });
  await acquired(leases, "one");
  for (let round = 0; round < 2; round += 1) {
    clock.advance(OPTIONS.leaseMs / 3);
    await settled();
  }
  expect(calls).toBe(2);
});

test("tells those that wait when a lease was lost, and asks for it anew", async () => {
  const leases = leasesOver({ tryRenew: async () => false });
  const lease = await acquired(leases, "one");
  const freed = new Promise<void>((resolve) => leases.onceFreed("ml", "key", resolve));
  clock.advance(OPTIONS.leaseMs / 3);
  await freed;
  await store.release("ml", "key", lease.token);
  const again = await acquired(leases, "two");
  await leases.release(lease);
  expect(await store.tryRenew("ml", "key", again.token, 1_000)).toBe(true);
});

test("a store that throws costs nothing but a word", async () => {
  const refuse = async (): Promise<never> => {
    throw new Error("connection refused");
  };
  const leases = leasesOver({ tryAcquire: refuse });
  expect(await leases.acquire("ml", "key", "one")).toEqual({
    kind: "unavailable",
    message: "connection refused",
  });
  const unreleased = leasesOver({ release: refuse, tryRenew: refuse });
  const lease = await acquired(unreleased, "one");
  clock.advance(OPTIONS.leaseMs / 3);
  await settled();
  await unreleased.release(lease);
  await unreleased.close();
});

test("a store that never answers costs one deadline, and from then on nothing", async () => {
  let calls = 0;
  const leases = leasesOver({
    tryAcquire: () => {
      calls += 1;
      return new Promise<never>(() => {});
    },
  });
  const messages: string[] = [];
  for (let index = 0; index < 20; index += 1) {
    const outcome = await leases.acquire("ml", `key ${index}`, "one");
    if (outcome.kind === "unavailable") messages.push(outcome.message);
  }
  expect(messages).toHaveLength(20);
  expect(messages.filter((message) => message.includes("no answer within"))).toHaveLength(1);
  // The second goes on without anybody, to see whether it answers by now.
  expect(calls).toBe(2);
});

test("what is granted too late is given back", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  const { promise: released, resolve: onReleased } = Promise.withResolvers<void>();
  const leases = leasesOver({
    async tryAcquire(...call) {
      await answer;
      return await store.tryAcquire(...call);
    },
    async release(...call) {
      await store.release(...call);
      onReleased();
    },
  });
  expect(await leases.acquire("ml", "key", "one")).toMatchObject({ kind: "unavailable" });
  resolve();
  await released;
  expect(await store.tryAcquire("ml", "key", "two", 1_000)).toMatchObject({ kind: "acquired" });
});

test("what is granted to nobody but a trial is given back", async () => {
  let isMute = true;
  const { promise: released, resolve: onReleased } = Promise.withResolvers<void>();
  const leases = leasesOver({
    tryAcquire: (...call) => (isMute ? new Promise<never>(() => {}) : store.tryAcquire(...call)),
    async release(...call) {
      await store.release(...call);
      onReleased();
    },
  });
  await leases.acquire("ml", "key", "one");
  isMute = false;
  expect(await leases.acquire("ml", "key", "two")).toMatchObject({ kind: "unavailable" });
  await released;
  await vi.waitFor(
    async () => expect(await leases.acquire("ml", "key", "three")).toMatchObject({ kind: "acquired" }),
    20_000,
  );
});

test("closing gives everything back", async () => {
  const leases = new CacheLeases({ store, clock: systemClock, log: silentLogger, options: OPTIONS });
  await leases.acquire("ml", "a", "one");
  await leases.acquire("ml", "b", "one");
  await leases.close();
  for (const key of ["a", "b"]) {
    expect(await store.tryAcquire("ml", key, "two", 1_000)).toMatchObject({ kind: "acquired" });
  }
});

test("a store that is being opened is waited for, and not asked before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const tryAcquire: LeaseStore["tryAcquire"] = (...call) => {
    asked += 1;
    return store.tryAcquire(...call);
  };
  const leases = leasesOver({ tryAcquire }, () => promise);
  expect(await leases.acquire("ml", "key", "one")).toEqual({ kind: "opening" });
  const woken = new Promise<void>((wake) => leases.onceFreed("ml", "key", wake));
  expect(asked).toBe(0);
  resolve();
  await woken;
  await acquired(leases, "one");
  expect(asked).toBe(1);
});

test.each<[string, LeaseStore["tryRenew"]]>([
  ["is lost", async () => false],
  ["cannot be renewed before others can have it", () => Promise.reject(new Error("away"))],
])("tells of a lease that %s", async (_name, tryRenew) => {
  const leases = leasesOver({ tryRenew });
  let lost = 0;
  const outcome = await leases.acquire("ml", "key", "one", () => (lost += 1));
  if (outcome.kind !== "acquired") throw new Error(outcome.kind);
  const fence = leases.fenceOf(outcome.lease);
  for (let round = 0; round < 2; round += 1) {
    clock.advance(OPTIONS.leaseMs / 3);
    await settled();
  }
  expect(lost).toBe(1);
  expect(await fence.confirm()).toBe(false);
});

test("a fence holds as long as the lease", async () => {
  const leases = leasesOver();
  const lease = await acquired(leases, "one");
  const fence = leases.fenceOf(lease);
  expect(fence.token).toBe(lease.token);
  expect(await fence.confirm()).toBe(true);
  await store.tryRevoke("ml", "key");
  expect(await fence.confirm()).toBe(false);
});

test("closing waits for what is being given back", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let isReleased = false;
  const leases = leasesOver({
    async release(...call) {
      await answered;
      await store.release(...call);
      isReleased = true;
    },
  });
  void leases.release(await acquired(leases, "one"));
  const closed = leases.close().then(() => isReleased);
  answer();
  expect(await closed).toBe(true);
});

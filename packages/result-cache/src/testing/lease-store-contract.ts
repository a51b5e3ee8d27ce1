// The contract of lease stores, as tests that any backend can run.

import { deepEqual, equal, ok } from "node:assert/strict";
import { inBatches } from "../in-batches.ts";
import type { LeaseStore } from "../lease-store.ts";
import { TEAM, keyOf } from "./sample-record.ts";
import { caseOf, type LeaseStoreHarness, type TestRunner } from "./store-harness.ts";

const MINUTE = 60_000;
const KEY = keyOf("one");

/**
 * Registers the contract of {@link LeaseStore} as tests.
 *
 * @param name of the store, for the report
 * @example describeLeaseStore("redis", { open: openRedisLeases }, { describe, test });
 */
export function describeLeaseStore(name: string, harness: LeaseStoreHarness, runner: TestRunner): void {
  runner.describe(`${name} as a lease store`, () => {
    const check = caseOf(runner, harness);

    check("one holder at a time, and others hear who it is", async ({ store }) => {
      await acquire(store, "first");
      deepEqual(await store.tryAcquire(TEAM, KEY, "second", MINUTE), { kind: "held", holder: "first" });
    });

    check("keys and teams are apart, to the letter", async ({ store }) => {
      await acquire(store, "first");
      for (const [team, key] of [
        [TEAM, keyOf("two")],
        ["finance", KEY],
        [TEAM.toUpperCase(), KEY],
        [`${TEAM}%`, KEY],
      ] as const) {
        equal((await store.tryAcquire(team, key, "second", MINUTE)).kind, "acquired");
      }
      deepEqual(await store.tryAcquire(TEAM, KEY, "second", MINUTE), { kind: "held", holder: "first" });
    });

    check("what is released is free at once", async ({ store }) => {
      await store.release(TEAM, KEY, await acquire(store, "first"));
      await acquire(store, "second");
    });

    check(
      "a lease that is not renewed is free when it expires, and not before",
      async ({ store, passTime }) => {
        const token = await acquire(store, "first");
        await passTime(MINUTE / 2);
        equal((await store.tryAcquire(TEAM, KEY, "second", MINUTE)).kind, "held");
        await passTime(MINUTE);
        equal(await store.tryRenew(TEAM, KEY, token, MINUTE), false);
        await acquire(store, "second");
      },
    );

    check("renewing lets it last from now on", async ({ store, passTime }) => {
      const token = await acquire(store, "first");
      await passTime(MINUTE / 2);
      equal(await store.tryRenew(TEAM, KEY, token, MINUTE), true);
      await passTime(MINUTE / 2 + 1_000);
      equal((await store.tryAcquire(TEAM, KEY, "second", MINUTE)).kind, "held");
    });

    check("many are renewed together, each as if it were alone", async ({ store, passTime }) => {
      if (!store.renewAll) return;
      const names = Array.from({ length: 550 }, (_, index) => keyOf(`many ${index}`));
      const take = async (key: string, leaseMs: number) => {
        const claim = await store.tryAcquire(TEAM, key, "first", leaseMs);
        return { team: TEAM, key, token: claim.kind === "acquired" ? claim.token : Number.NaN };
      };
      const [lost, released, ...others] = await inBatches(names, (key) => take(key, MINUTE));
      const late = await take(keyOf("late"), MINUTE / 4);
      if (!lost || !released) throw new Error("nothing is held");
      await take(lost.key, MINUTE);
      await store.release(TEAM, released.key, released.token);
      const foreign = { ...(others[0] ?? lost), team: "finance" };
      await passTime(MINUTE / 2);
      deepEqual(await store.renewAll([], MINUTE), []);
      deepEqual(await store.renewAll([lost, ...others, released, foreign, late], MINUTE), [
        false,
        ...others.map(() => true),
        false,
        false,
        false,
      ]);
      await passTime(MINUTE / 2 + 1_000);
      deepEqual((await store.list(TEAM)).map(({ key }) => key).sort(), others.map(({ key }) => key).sort());
    });

    check("many are released together, each as if it were alone", async ({ store }) => {
      if (!store.releaseAll) return;
      const names = Array.from({ length: 550 }, (_, index) => keyOf(`many ${index}`));
      const take = async (key: string) => {
        const claim = await store.tryAcquire(TEAM, key, "first", MINUTE);
        return { team: TEAM, key, token: claim.kind === "acquired" ? claim.token : Number.NaN };
      };
      const held = await inBatches(names, take);
      const [over, kept] = held;
      if (!over || !kept) throw new Error("nothing is held");
      const again = await take(over.key);
      const other = await store.tryAcquire("finance", kept.key, "other", MINUTE);
      await store.releaseAll([]);
      await store.releaseAll(held.filter((lease) => lease !== kept));
      deepEqual((await store.list(TEAM)).map(({ key }) => key).sort(), [kept.key, over.key].sort());
      equal((await store.list("finance")).length, 1);
      equal(await store.tryRenew(TEAM, over.key, again.token, MINUTE), true);
      equal(other.kind, "acquired");
      for (const { key, token } of held.slice(2, 10)) {
        const next = await take(key);
        ok(next.token > token, "tokens grow");
      }
    });

    check("tokens grow, through release, expiry and return", async ({ store, passTime }) => {
      const tokens = [await acquire(store, "first")];
      for (let round = 0; round < 5; round += 1) {
        await store.release(TEAM, KEY, tokens.at(-1) ?? 0);
        tokens.push(await acquire(store, "first"));
      }
      await passTime(2 * MINUTE);
      tokens.push(await acquire(store, "second"));
      tokens.push(await acquire(store, "second"));
      deepEqual(
        tokens,
        [...new Set(tokens)].sort((a, b) => a - b),
      );
    });

    check("a holder that comes back has it again, and its old token is over", async ({ store }) => {
      const old = await acquire(store, "first");
      const token = await acquire(store, "first");
      equal(await store.tryRenew(TEAM, KEY, old, MINUTE), false);
      await store.release(TEAM, KEY, old);
      equal(await store.tryRenew(TEAM, KEY, token, MINUTE), true);
      equal((await store.tryAcquire(TEAM, KEY, "second", MINUTE)).kind, "held");
    });

    check("a late holder neither renews nor releases what is another's", async ({ store, passTime }) => {
      const late = await acquire(store, "first");
      await passTime(2 * MINUTE);
      await acquire(store, "second");
      equal(await store.tryRenew(TEAM, KEY, late, MINUTE), false);
      await store.release(TEAM, KEY, late);
      deepEqual(await store.tryAcquire(TEAM, KEY, "third", MINUTE), { kind: "held", holder: "second" });
    });

    check("releasing twice, or what never was, does nothing", async ({ store }) => {
      const token = await acquire(store, "first");
      await store.release(TEAM, KEY, token);
      await store.release(TEAM, KEY, token);
      await store.release(TEAM, keyOf("two"), token);
      equal(await store.tryRenew(TEAM, KEY, token, MINUTE), false);
    });

    check(
      "what is held is listed, by team, with its holder and when it expires",
      async ({ store, passTime }) => {
        await acquire(store, "first");
        const freed = await store.tryAcquire(TEAM, keyOf("two"), "second", MINUTE);
        const short = await store.tryAcquire(TEAM, keyOf("three"), "third", MINUTE / 4);
        await store.tryAcquire("finance", KEY, 'run "é" / 1%', MINUTE);
        if (freed.kind === "acquired") await store.release(TEAM, keyOf("two"), freed.token);
        equal(short.kind, "acquired");
        await passTime(MINUTE / 2);
        const all = [...(await store.list())].sort((a, b) => (a.team < b.team ? -1 : 1));
        deepEqual(
          all.map(({ team, key, holder }) => ({ team, key, holder })),
          [
            { team: "finance", key: KEY, holder: 'run "é" / 1%' },
            { team: TEAM, key: KEY, holder: "first" },
          ].sort((a, b) => (a.team < b.team ? -1 : 1)),
        );
        const [own, ...others] = await store.list(TEAM);
        deepEqual([own?.holder, others], ["first", []]);
        const before = own?.expiresAt ?? 0;
        ok(Number.isSafeInteger(before) && before > 0, `expiresAt is ${before}`);
        deepEqual(await store.list("no-team"), []);
      },
    );

    check("one that is revoked is free at once, and its token is over", async ({ store }) => {
      const old = await acquire(store, "first");
      const other = await store.tryAcquire("finance", KEY, "other", MINUTE);
      equal(await store.tryRevoke(TEAM, KEY), true);
      equal(await store.tryRevoke(TEAM, KEY), false);
      equal(await store.tryRevoke(TEAM, keyOf("two")), false);
      deepEqual(await store.list(TEAM), []);
      equal(await store.tryRenew(TEAM, KEY, old, MINUTE), false);
      const token = await acquire(store, "second");
      ok(token > old, "tokens grow");
      await store.release(TEAM, KEY, old);
      equal(await store.tryRenew(TEAM, KEY, token, MINUTE), true);
      equal(other.kind === "acquired" && (await store.tryRenew("finance", KEY, other.token, MINUTE)), true);
    });

    check("of many that ask at once, one gets it", async ({ store, passTime }) => {
      for (let round = 0; round < 3; round += 1) {
        const claims = await Promise.all(
          Array.from({ length: 20 }, (_, index) => store.tryAcquire(TEAM, KEY, `rival ${index}`, MINUTE)),
        );
        const winner = claims.findIndex((claim) => claim.kind === "acquired");
        for (const [index, claim] of claims.entries()) {
          if (index !== winner) deepEqual(claim, { kind: "held", holder: `rival ${winner}` });
        }
        // An expired lease is raced for like a free one.
        await passTime(2 * MINUTE);
      }
    });
  });
}

/** Acquires the lease of {@link KEY} for a minute and resolves to its token. */
async function acquire(store: LeaseStore, holder: string): Promise<number> {
  const claim = await store.tryAcquire(TEAM, KEY, holder, MINUTE);
  if (claim.kind === "held") throw new Error(`held by ${claim.holder}`);
  return claim.token;
}

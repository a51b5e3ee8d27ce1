// Scopes of the cache in one database: every path to a record or a lease, as each team of each scope.

import { openTestMetastore, readRows, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import type { RecordStore } from "@memodag/result-cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KEY, PAGE, SCOPES, TEAMS, recordOf } from "./scoped-records.ts";

/** Everything that a deployment can do with records and leases, as a team. */
const PATHS: Readonly<
  Record<string, (records: RecordStore, leases: TestMetastore["leases"], team: string) => Promise<unknown>>
> = {
  find: (records, _, team) => records.find(team, [KEY]),
  "put that keeps": (records, _, team) => records.put(recordOf(team, "other bytes"), "keep-live"),
  "put that replaces": (records, _, team) => records.put(recordOf(team, "other bytes"), "replace"),
  putAll: async (records, _, team) =>
    await records.putAll?.([{ record: recordOf(team, "other bytes"), mode: "replace" }]),
  touch: (records, _, team) => records.touch(team, [{ key: KEY, count: 3 }]),
  list: (records, _, team) => records.list({ team }, PAGE),
  "list by prefix": (records, _, team) => records.list({ team, keyPrefix: KEY.slice(0, 4) }, PAGE),
  stats: (records, _, team) => records.stats({ team }),
  count: (records, _, team) => records.count({ team }),
  "purge of a key": (records, _, team) => records.purge({ team, key: KEY }),
  "purge of a team": (records, _, team) => records.purge({ team }),
  findRemovals: async (records, _, team) => await records.findRemovals?.(team, [KEY]),
  "collection of what is expired": async (records, _, team) => {
    const retention = await records.retention?.();
    const expired = (await retention?.listExpired(100)) ?? [];
    await retention?.deleteUnused(
      expired.filter((one) => one.team === team),
      "expired",
    );
    return expired;
  },
  verification: async (records, _, team) => {
    const found: unknown[] = [];
    for await (const page of (await records.retention?.())?.scan(10) ?? [])
      found.push(...page.filter((one) => one.team === team));
    return found;
  },
  "lock and release": async (_, leases, team) => {
    const claim = await leases.tryAcquire(team, KEY, "someone", 60_000);
    if (claim.kind !== "acquired") throw new Error("another scope has the lock");
    await leases.tryRenew(team, KEY, claim.token, 60_000);
    await leases.release(team, KEY, claim.token);
  },
  "lock that is left": (_, leases, team) => leases.tryAcquire(team, KEY, "someone", 60_000),
  "locks that are listed": (_, leases, team) => leases.list(team),
  "lock that is revoked": (_, leases, team) => leases.tryRevoke(team, KEY),
};

describe.each(TEST_DIALECTS)("scopes on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  /** All rows but those of one team in one scope. */
  const othersOf = async (team: string, scope: string): Promise<unknown[]> => {
    const rows = await readRows(
      metastore.url,
      "select team, key, scope, xcoms, hit_count, last_hit_at, differing_count, created_at from cache_record",
    );
    const leases = await readRows(metastore.url, "select team, key, token, holder from cache_lease");
    const removals = await readRows(metastore.url, "select team, key, cause from cache_removal");
    const isOwn = (row: Readonly<Record<string, unknown>>): boolean =>
      row["team"] === team && row["key"] === (scope === "default" ? KEY : `${scope}:${KEY}`);
    return [...rows, ...leases, ...removals]
      .filter((row) => !isOwn(row))
      .map((row) => JSON.stringify(row))
      .toSorted();
  };

  test("have no path that reads or writes upward, whatever the team", async () => {
    let tried = 0;
    for (const [name, path] of Object.entries(PATHS)) {
      await metastore.execute("delete from cache_record; delete from cache_lease; delete from cache_removal");
      for (const team of TEAMS)
        for (const scopes of SCOPES)
          await metastore.openRecords(scopes).put(recordOf(team, scopes.own), "keep-live");
      for (const team of TEAMS)
        for (const scopes of SCOPES) {
          const before = await othersOf(team, scopes.own);
          const got = await path(metastore.openRecords(scopes), metastore.openLeases(scopes.own), team);
          expect(await othersOf(team, scopes.own), `${name} as ${team} of ${scopes.own}`).toEqual(before);
          const shown = JSON.stringify(got instanceof Map ? [...got] : (got ?? null));
          const isHidden = (other: string, own: string): boolean =>
            other !== team || (own !== scopes.own && name !== "find");
          const hidden = TEAMS.flatMap((other) =>
            SCOPES.filter(({ own }) => isHidden(other, own)).map(({ own }) => `${other} ${own}`),
          );
          const seen = hidden.filter((made) => shown.includes(made));
          expect(seen, `${name} as ${team} of ${scopes.own}`).toEqual([]);
          tried += 1;
        }
    }
    expect(tried).toBe(Object.keys(PATHS).length * TEAMS.length * SCOPES.length);
  });
});

// Lists the locks of cache keys, and frees one.

import { MemodagError, messageOf } from "@memodag/core";
import type { LiveLease, MissedStore } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext, Stores } from "../context.ts";
import { isoTime } from "../iso-time.ts";

/** Which locks. */
export interface ListLocksInput {
  readonly team?: string | undefined;
}

/** A lock that is held. */
export interface LockReport {
  readonly team: string;
  readonly key: string;
  /** The lock store. */
  readonly store: string;
  /** The instance that holds it, and its run. */
  readonly holder: string;
  /** When it is free unless it is renewed: ISO 8601, by the clock of the store. */
  readonly expiresAt: string;
  /** Number of instances that wait for it. */
  readonly waiting: number;
}

/** The locks that are held, by store, team and key. */
export interface LockList {
  readonly items: readonly LockReport[];
  /** Stores that could not be asked. Absent: all were. */
  readonly missed?: readonly MissedStore[];
}

/** A key, or the first digits of one. */
export interface ReleaseLockInput extends ListLocksInput {
  readonly key: string;
}

/** The locks that were freed: none if the key was not locked. */
export interface ReleasedLock {
  readonly released: readonly LockReport[];
  readonly missed?: readonly MissedStore[];
}

interface Found extends LiveLease {
  readonly store: string;
}

/** Lists locks. Those in the memory of a scheduler are known to it alone. */
export async function listLocks(
  { stores }: Pick<OperationContext, "stores">,
  { team }: ListLocksInput,
): Promise<LockList> {
  const { found, missed } = await findLocks(stores, team);
  return { items: await report(stores, found, team), ...missed };
}

/**
 * Frees the lock of a key, in every store that has it. An attempt that must not run without it is cancelled.
 * @throws MemodagError `cache_key_ambiguous` if several keys begin with these digits
 */
export async function releaseLock(
  { stores, actor }: OperationContext,
  { key, team }: ReleaseLockInput,
): Promise<ReleasedLock> {
  const { found, missed } = await findLocks(stores, team);
  const matching = found.filter((lock) => lock.key.startsWith(key));
  const [first] = matching;
  if (!first) return { released: [], ...missed };
  if (matching.some((lock) => lock.key !== first.key || lock.team !== first.team)) {
    const keys = matching.map((lock) => `${lock.key} (${lock.holder})`);
    throw new MemodagError(
      "cache_key_ambiguous",
      `Several locked keys begin with ${key}: give more digits of one of ${keys.join(", ")}`,
      { fields: { key, keys } },
    );
  }
  const reports = await report(stores, matching, team);
  const names = matching.map(({ store }) => store);
  const act = newAct(actor, "cache.release", first.team, { key: first.key, stores: names });
  const released = await audited(
    stores.audit,
    act,
    async () => {
      const revoked = await Promise.all(
        matching.map(({ store }) => stores.lockStores.named(store).tryRevoke(first.team, first.key)),
      );
      return reports.filter((_, index) => revoked[index]);
    },
    (freed) => freed.length,
  );
  return { released, ...missed };
}

async function findLocks(stores: Stores, team: string | undefined) {
  const missed: MissedStore[] = [];
  const lists = (await stores.lockStores.list(team)).map(async ({ name, leases }): Promise<Found[]> => {
    try {
      return (await leases.list(team)).map((lease) => ({ ...lease, store: name }));
    } catch (error) {
      missed.push({ store: name, reason: `it cannot be asked (${messageOf(error)})` });
      return [];
    }
  });
  // Leases of no team are memodag's own.
  const found = (await Promise.all(lists)).flat().filter((lease) => lease.team !== "");
  const order = found.toSorted(
    (a, b) => compare(a.store, b.store) || compare(a.team, b.team) || compare(a.key, b.key),
  );
  return { found: order, missed: missed.length > 0 ? { missed } : {} };
}

async function report(
  stores: Stores,
  locks: readonly Found[],
  team: string | undefined,
): Promise<LockReport[]> {
  if (locks.length === 0) return [];
  const waiting = await stores.runs.countWaiting(team);
  return locks.map(({ expiresAt, ...lock }) => ({
    team: lock.team,
    key: lock.key,
    store: lock.store,
    holder: lock.holder,
    expiresAt: isoTime(expiresAt) ?? "",
    waiting: waiting.find((one) => one.team === lock.team && one.key === lock.key)?.count ?? 0,
  }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

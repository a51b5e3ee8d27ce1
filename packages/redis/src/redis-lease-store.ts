// Leases of cache keys on Redis or Valkey. Times are by its clock.

import { chunksOf, type Digest } from "@memodag/core";
import type { KeyLease, LeaseClaim, LeaseStore, LiveLease } from "@memodag/result-cache";
import { requireDigest } from "@memodag/result-cache/store-parts";
import type { RedisArgument, RedisConnection } from "./connection.ts";
import type { Script } from "./script.ts";
import {
  ACQUIRE,
  LIST_LEASES,
  RELEASE,
  RELEASE_ALL,
  RENEW,
  RENEW_ALL,
  REVOKE,
  whole,
} from "./value-scripts.ts";

const DIGEST_LENGTH = 64;

/** Leases of one script: the server does nothing else meanwhile. */
const AT_ONCE = 500;

/**
 * Keeps leases under `<prefix>:{locks}:`, with the scripts of value caches. What a flush, an eviction or a failover
 * removes is a lost lease.
 */
export class RedisLeaseStore implements LeaseStore {
  readonly #connection: RedisConnection;
  readonly #base: string;

  /** @param connection closed with this store */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#base = `${prefix}:{locks}:`;
  }

  async tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim> {
    const args = [nameOf(team, key), holder, whole(leaseMs), "1"];
    const [isAcquired, said] = (await this.#run("take a lock", ACQUIRE, args)) as [number, Buffer];
    return isAcquired === 1
      ? { kind: "acquired", token: Number(said) }
      : { kind: "held", holder: String(said) };
  }

  async tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean> {
    return (await this.#run("renew a lock", RENEW, [nameOf(team, key), String(token), whole(leaseMs)])) === 1;
  }

  async renewAll(leases: readonly KeyLease[], leaseMs: number): Promise<boolean[]> {
    const answers = await Promise.all(
      [...chunksOf(leases, AT_ONCE)].map(async (some) => {
        const places = await this.#run("renew locks", RENEW_ALL, [whole(leaseMs), ...namesAndTokens(some)]);
        const renewed = new Set(places as number[]);
        return some.map((_, place) => renewed.has(place));
      }),
    );
    return answers.flat();
  }

  async release(team: string, key: Digest, token: number): Promise<void> {
    await this.#run("release a lock", RELEASE, [nameOf(team, key), String(token)]);
  }

  async releaseAll(leases: readonly KeyLease[]): Promise<void> {
    await Promise.all(
      [...chunksOf(leases, AT_ONCE)].map((some) =>
        this.#run("release locks", RELEASE_ALL, namesAndTokens(some)),
      ),
    );
  }

  async tryRevoke(team: string, key: Digest): Promise<boolean> {
    return (await this.#run("release a lock", REVOKE, [nameOf(team, key)])) === 1;
  }

  async list(team?: string): Promise<LiveLease[]> {
    const rows = (await this.#run("list locks", LIST_LEASES, [])) as [Buffer, Buffer, Buffer][];
    return rows
      .map(([name, holder, expiresAt]) => ({
        ...partsOf(String(name)),
        holder: String(holder),
        expiresAt: Number(expiresAt),
      }))
      .filter((lease) => team === undefined || lease.team === team);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #run(use: string, script: Script, args: readonly RedisArgument[]): Promise<unknown> {
    return await this.#connection.call(use, () => this.#connection.run(script, this.#base, args));
  }
}

/** The digest comes first: all are of one length. */
function nameOf(team: string, key: Digest): string {
  return requireDigest(key) + team;
}

function namesAndTokens(leases: readonly KeyLease[]): string[] {
  return leases.flatMap(({ team, key, token }) => [nameOf(team, key), String(token)]);
}

function partsOf(name: string): Pick<LiveLease, "team" | "key"> {
  return { team: name.slice(DIGEST_LENGTH), key: name.slice(0, DIGEST_LENGTH) };
}

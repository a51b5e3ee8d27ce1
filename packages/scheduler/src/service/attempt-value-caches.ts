// Value caches for running attempts: holds the leases of what they create, and frees them when they end.

import { MemodagError, messageOf, type Attempt, type CancelTimer, type Clock } from "@memodag/core";
import type { JsonValue, Logger, ValueCacheCall } from "@memodag/core";
import type { ValueAdapter } from "@memodag/value-cache";
import { answerValueCall } from "@memodag/value-cache/remote";

/** A value cache of the config. */
export interface NamedValueCache {
  readonly adapter: ValueAdapter;
  readonly isEnabled: boolean;
  readonly ttlMs: number | null;
  readonly leaseMs: number;
  readonly maxValueBytes: number;
}

/** The value caches that attempts may use. */
export interface ValueCacheSource {
  /** Returns the cache of that name for a team, or `undefined`; `"entries"`: the name is that of a job cache. */
  find(team: string, name: string): Promise<NamedValueCache | "entries" | undefined>;
}

/** The parts of {@link AttemptValueCaches}. */
export interface AttemptValueCachesParts {
  readonly source: ValueCacheSource;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HeldLease {
  /** Renews it no more. */
  stop(): void;
  free(): void;
}

/**
 * Answers the calls of attempts, each for its own team. A worker that computes for minutes renews nothing itself, so
 * leases are renewed here for as long as its process runs.
 */
export class AttemptValueCaches {
  readonly #parts: AttemptValueCachesParts;
  /** By attempt, then by cache, key and token. */
  readonly #held = new Map<string, Map<string, HeldLease>>();

  constructor(parts: AttemptValueCachesParts) {
    this.#parts = parts;
  }

  /** Number of attempts that hold leases. */
  get holders(): number {
    return this.#held.size;
  }

  /** @throws MemodagError `value_cache_not_found`, `usage`, and what the store throws */
  async call(attempt: Attempt, { cache: name, method, args }: ValueCacheCall): Promise<JsonValue> {
    const { team, dagId, taskId, runId } = attempt;
    const found = await this.#parts.source.find(team, name);
    if (found === undefined || found === "entries") {
      throw new MemodagError(
        "value_cache_not_found",
        found === "entries"
          ? `"${name}" is a job cache, and has no values: use getCache("${name}")`
          : `There is no value cache "${name}" for team "${team}": add [[caches]] with name = "${name}" and kind = "values" to the config`,
        { fields: { name, team } },
      );
    }
    const place = { team, cache: name };
    const nameOf = (key: string, token: number): string => JSON.stringify([name, key, token]);
    return await answerValueCall(
      {
        ...found,
        place,
        holder: `${dagId}.${taskId} of run ${runId}`,
        acquired: (key, token) => this.#hold(attempt, nameOf(key, token), { found, place, key, token }),
        freed: (key, token) => this.#forget(attempt, nameOf(key, token)),
        isHeld: (key, token) => this.#held.get(attempt.attemptId)?.has(nameOf(key, token)) ?? false,
      },
      method,
      args,
    );
  }

  /** Frees what an attempt holds whose process is gone. */
  attemptEnded({ attemptId }: Attempt): void {
    const held = this.#held.get(attemptId);
    this.#held.delete(attemptId);
    for (const lease of held?.values() ?? []) lease.free();
  }

  #hold(attempt: Attempt, name: string, { found, place, key, token }: LeasedKey): void {
    const { clock, log } = this.#parts;
    const { adapter, leaseMs } = found;
    let isOver = false;
    let cancel: CancelTimer = () => undefined;
    const renew = async (): Promise<void> => {
      let isKept = true;
      try {
        isKept = await adapter.tryRenew(place, key, token, leaseMs);
      } catch (error) {
        log.warn("could not renew the lease of a value", { cache: place.cache, error: messageOf(error) });
      }
      if (isOver) return;
      if (isKept) schedule();
      else this.#forget(attempt, name);
    };
    const schedule = (): void => {
      cancel = clock.after(leaseMs / 3, () => void renew());
    };
    schedule();
    const held = this.#held.get(attempt.attemptId) ?? new Map<string, HeldLease>();
    this.#held.set(attempt.attemptId, held);
    const stop = (): void => {
      isOver = true;
      cancel();
    };
    held.set(name, {
      stop,
      free() {
        stop();
        adapter.release(place, key, token).catch((error: unknown) => {
          log.warn("could not free the lease of a value; it expires", {
            cache: place.cache,
            error: messageOf(error),
          });
        });
      },
    });
  }

  #forget({ attemptId }: Attempt, name: string): void {
    const held = this.#held.get(attemptId);
    held?.get(name)?.stop();
    held?.delete(name);
    if (held?.size === 0) this.#held.delete(attemptId);
  }
}

interface LeasedKey {
  readonly found: NamedValueCache;
  readonly place: { readonly team: string; readonly cache: string };
  readonly key: string;
  readonly token: number;
}

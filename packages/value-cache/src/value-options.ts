// The options of value caches and of their calls, checked and in milliseconds.

import {
  MemodagError,
  parseDuration,
  silentLogger,
  systemClock,
  type Clock,
  type Logger,
} from "@memodag/core";
import type { ValueAdapter, ValuePlace } from "./value-adapter.ts";

/** A duration such as `"1h"`, or milliseconds. */
export type Lifetime = number | string;

/** Options of one call. */
export interface ValueOptions {
  /** How long the value is current; `null`: without end. Also the oldest that this call takes. */
  readonly ttl?: Lifetime | null;
  /** How long after its ttl a value is still given out while another one is being created, or cannot be. */
  readonly grace?: Lifetime;
  /** How long an error of the creator is remembered and thrown again. Default: not at all. */
  readonly errors?: Lifetime;
  /** How long to wait for another creator. Default: as long as `signal` allows. */
  readonly waitTimeout?: Lifetime;
  /** After `waitTimeout`: an error, or create beside the other one, without storing. Default `throw`. */
  readonly onWaitTimeout?: "throw" | "create";
  /** Creates even if there is a current value. */
  readonly refresh?: boolean;
  readonly signal?: AbortSignal;
  /** When the store fails: create without it, or reject. Default `create`. */
  readonly onStoreFailure?: "create" | "throw";
}

/** Options of a {@link ValueCache}. */
export interface ValueCacheOptions {
  /** Name of the cache: letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  readonly adapter: ValueAdapter;
  /** Whose cache it is. Default `default`. */
  readonly team?: string;
  /** Default of `ttl`; `null`: without end. Default `1h`. */
  readonly defaultTtl?: Lifetime | null;
  /** Default of `grace`. Default: none. */
  readonly grace?: Lifetime;
  /** A creator whose lease is not renewed for so long has lost it. Default `30s`. */
  readonly lease?: Lifetime;
  /** Bytes that a value may have. Default 16 MiB. */
  readonly maxValueBytes?: number;
  /** How long one call of the store may take. Default `5s`. */
  readonly storeTimeout?: Lifetime;
  /** Name that is shown to others while they wait. Default: host and process id. */
  readonly holder?: string;
  /** False: finds nothing and stores nothing; creators run. Asked at every call. */
  readonly isEnabled?: () => boolean;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** {@link ValueCacheOptions}, checked. */
export interface CacheSettings {
  readonly place: ValuePlace;
  readonly ttlMs: number | null;
  readonly graceMs: number;
  readonly leaseMs: number;
  readonly maxValueBytes: number;
  readonly storeTimeoutMs: number;
  readonly isEnabled: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** {@link ValueOptions}, checked. */
export interface CallSettings {
  /** As stored; the oldest that is read is {@link CallSettings.readTtlMs}. */
  readonly ttlMs: number | null;
  /** `undefined`: the call names none, and takes what is current by the ttl that it was stored with. */
  readonly readTtlMs: number | null | undefined;
  readonly graceMs: number;
  readonly errorsMs: number | undefined;
  readonly waitTimeoutMs: number | undefined;
  readonly onWaitTimeout: "throw" | "create";
  readonly refresh: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onStoreFailure: "create" | "throw";
}

const DEFAULT_TTL_MS = 3_600_000;
const DEFAULT_LEASE_MS = 30_000;
const SHORTEST_LEASE_MS = 100;
const DEFAULT_MAX_VALUE_BYTES = 16 * 2 ** 20;
const DEFAULT_STORE_TIMEOUT_MS = 5_000;
const MAX_KEY_BYTES = 1_024;

/** @throws MemodagError `usage`, `duration_invalid` */
export function cacheSettings(options: ValueCacheOptions): CacheSettings {
  const { name, team = "default", defaultTtl } = options;
  if (!/^[\w.-]{1,100}$/.test(name)) {
    throw new MemodagError(
      "usage",
      `${JSON.stringify(name)} is no name of a cache: use 1 to 100 letters, digits, "_", "-" and "."`,
    );
  }
  const leaseMs = toMs("lease", options.lease) ?? DEFAULT_LEASE_MS;
  if (leaseMs < SHORTEST_LEASE_MS) {
    throw new MemodagError(
      "usage",
      `lease of cache "${name}" is ${leaseMs}ms: use ${SHORTEST_LEASE_MS}ms at least`,
    );
  }
  return {
    place: { team, cache: name },
    ttlMs: defaultTtl === null ? null : (toMs("defaultTtl", defaultTtl) ?? DEFAULT_TTL_MS),
    graceMs: toMs("grace", options.grace) ?? 0,
    leaseMs,
    maxValueBytes: options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES,
    storeTimeoutMs: toMs("storeTimeout", options.storeTimeout) ?? DEFAULT_STORE_TIMEOUT_MS,
    isEnabled: options.isEnabled ?? (() => true),
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLogger,
  };
}

/** @throws MemodagError `usage`, `duration_invalid` */
export function callSettings(options: ValueOptions, cache: CacheSettings): CallSettings {
  const { ttl, onWaitTimeout = "throw", onStoreFailure = "create" } = options;
  const readTtlMs = ttl === null ? null : toMs("ttl", ttl);
  oneOf("onWaitTimeout", onWaitTimeout, ["throw", "create"]);
  oneOf("onStoreFailure", onStoreFailure, ["create", "throw"]);
  return {
    ttlMs: readTtlMs === undefined ? cache.ttlMs : readTtlMs,
    readTtlMs,
    graceMs: toMs("grace", options.grace) ?? cache.graceMs,
    errorsMs: toMs("errors", options.errors),
    waitTimeoutMs: toMs("waitTimeout", options.waitTimeout),
    onWaitTimeout,
    refresh: options.refresh ?? false,
    signal: options.signal,
    onStoreFailure,
  };
}

/** @throws MemodagError `usage`, `duration_invalid` */
export function toMs(name: string, value: Lifetime | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === "string" ? parseDuration(value) : value;
  if (typeof ms === "number" && Number.isFinite(ms) && ms >= 0) return Math.round(ms);
  throw new MemodagError(
    "usage",
    `${name} is ${String(value)}: use a duration such as "1h", or milliseconds of 0 or more`,
  );
}

/** @throws MemodagError `value_key_invalid` */
export function checkKey(key: unknown, what = "key"): asserts key is string {
  const fault = faultOf(key);
  if (fault === undefined) return;
  const shown = typeof key === "string" ? JSON.stringify(key.slice(0, 60)) : typeof key;
  throw new MemodagError(
    "value_key_invalid",
    `${shown} is no ${what} of a value: it ${fault}. Use 1 to ${MAX_KEY_BYTES} bytes of text without control ` +
      "characters, or the hash of what you have",
  );
}

function faultOf(key: unknown): string | undefined {
  if (typeof key !== "string") return "is not a string";
  if (key === "") return "is empty";
  if (!key.isWellFormed()) return "has a lone surrogate";
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(key)) return "has a control character";
  // No character takes more than three bytes for each UTF-16 unit.
  if (key.length * 3 <= MAX_KEY_BYTES) return undefined;
  const bytes = Buffer.byteLength(key);
  return bytes > MAX_KEY_BYTES ? `has ${bytes} bytes` : undefined;
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new MemodagError("usage", `${name} is ${JSON.stringify(value)}: use ${allowed.join(" or ")}`);
}

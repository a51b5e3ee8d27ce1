// Answers the calls of a remote value cache. The other side is not trusted: each argument is checked.

import { LONGEST_DURATION_MS, MemodagError, type JsonValue } from "@memodag/core";
import { readWire, toWire } from "./wire.ts";
import { sizeOf } from "../encoded-value.ts";
import {
  NO_VALUE_COUNTS,
  VALUE_COUNTS,
  type ValueAdapter,
  type ValueCounts,
  type ValuePlace,
} from "../value-adapter.ts";
import { checkKey } from "../value-options.ts";

/** A cache as one caller may use it. */
export interface ServedCache {
  readonly adapter: ValueAdapter;
  readonly place: ValuePlace;
  readonly isEnabled: boolean;
  readonly ttlMs: number | null;
  readonly leaseMs: number;
  readonly maxValueBytes: number;
  /** Shown to others that wait for a lease. */
  readonly holder: string;
  /** Told of each lease that the caller takes and frees, to renew it meanwhile. */
  acquired(key: string, token: number): void;
  freed(key: string, token: number): void;
  /** False once a lease is lost. */
  isHeld(key: string, token: number): boolean;
}

const MOST_KEYS = 10_000;

/** @throws MemodagError `usage`, `value_key_invalid`, `value_too_large`, and what the adapter throws */
export async function answerValueCall(
  cache: ServedCache,
  method: string,
  args: readonly JsonValue[],
): Promise<JsonValue> {
  const { adapter, place } = cache;
  const [first, second] = args;
  switch (method) {
    case "open": {
      const { isEnabled, ttlMs, leaseMs, maxValueBytes } = cache;
      return { scope: adapter.scope, isEnabled, ttlMs, leaseMs, maxValueBytes };
    }
    case "find": {
      const found = await adapter.find(place, keysOf(first));
      return [...found].map(([key, { value, ageMs, ttlMs }]) => [
        key,
        { value: toWire(value), ageMs, ttlMs },
      ]);
    }
    case "put":
      return await put(cache, args);
    case "delete":
      return await adapter.delete(place, keyOf(first));
    case "clear":
      return await adapter.clear(place, first === null ? undefined : keyOf(first));
    case "claim": {
      const key = keyOf(first);
      const claim = await adapter.tryAcquire(place, key, cache.holder, cache.leaseMs);
      if (claim.kind === "acquired") cache.acquired(key, claim.token);
      return { ...claim };
    }
    case "held":
      return cache.isHeld(keyOf(first), integerOf(second));
    case "free": {
      const [key, token] = [keyOf(first), integerOf(second)];
      // Tokens can be guessed: only one that this caller was given frees anything.
      if (cache.isHeld(key, token)) {
        cache.freed(key, token);
        await adapter.release(place, key, token);
      }
      return null;
    }
    case "size":
      return await adapter.size(place);
    case "keys":
      return await adapter.listKeys(place, Math.min(integerOf(first), MOST_KEYS));
    case "count":
      await adapter.addCounts(place, countsOf(first));
      return null;
    case "counts":
      return { ...(await adapter.readCounts(place)) };
    default:
      throw refused(`there is no method ${JSON.stringify(method)}`);
  }
}

async function put(
  { adapter, place, maxValueBytes, isHeld }: ServedCache,
  [first, written, ttlMs, keepMs, token]: readonly JsonValue[],
): Promise<"stored" | "overtaken"> {
  const key = keyOf(first);
  const value = readWire(written);
  if (!value) throw refused("a value is malformed");
  if (sizeOf(value) > maxValueBytes) {
    throw new MemodagError(
      "value_too_large",
      `the value of ${JSON.stringify(key)} is over ${maxValueBytes} bytes`,
    );
  }
  const times = { ttlMs: timeOf(ttlMs), keepMs: timeOf(keepMs) };
  if (token === null) return await adapter.put(place, key, { value, ...times }, null);
  const held = integerOf(token);
  return isHeld(key, held) ? await adapter.put(place, key, { value, ...times }, held) : "overtaken";
}

function keyOf(value: JsonValue | undefined): string {
  checkKey(value);
  return value;
}

function keysOf(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value) || value.length > MOST_KEYS) throw refused("keys are malformed");
  return value.map(keyOf);
}

function integerOf(value: JsonValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw refused("a number is malformed");
}

function timeOf(value: JsonValue | undefined): number | null {
  if (value === null) return null;
  return Math.min(integerOf(value), 2 * LONGEST_DURATION_MS);
}

function countsOf(value: JsonValue | undefined): ValueCounts {
  if (typeof value !== "object" || value === null) throw refused("counts are malformed");
  const counts = value as Readonly<Record<string, JsonValue>>;
  return {
    ...NO_VALUE_COUNTS,
    ...Object.fromEntries(VALUE_COUNTS.map((name) => [name, integerOf(counts[name])])),
  };
}

function refused(fault: string): MemodagError {
  return new MemodagError("usage", `a call of a value cache is refused: ${fault}`);
}

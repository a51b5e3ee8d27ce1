// Keeps values and leases in this process: bounded, and swept of what has expired.

import { systemClock, type CancelTimer, type Clock } from "@memodag/core";
import { sizeOf } from "../encoded-value.ts";
import {
  NO_VALUE_COUNTS,
  VALUE_COUNTS,
  type NewValue,
  type StoredValue,
  type ValueAdapter,
  type ValueClaim,
  type ValueCounts,
  type ValuePlace,
} from "../value-adapter.ts";

/** Options of {@link MemoryValueAdapter}. */
export interface MemoryValueOptions {
  /** Values at most in all; those that were not used for longest leave first. Default 10,000. */
  readonly maxEntries?: number;
  /** Bytes of keys and values at most in all. Default 64 MiB. */
  readonly maxBytes?: number;
  readonly clock?: Clock;
}

interface Entry {
  readonly value: NewValue;
  readonly storedAt: number;
  readonly bytes: number;
}

interface Lease {
  readonly token: number;
  readonly holder: string;
  expiresAt: number;
  /** The value was set, deleted or cleared since the lease was acquired. */
  isOvertaken: boolean;
  readonly wakes: Set<() => void>;
}

const DEFAULT_MAX_ENTRIES = 10_000;
const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
const SWEEP_EVERY_MS = 30_000;

/** Values of this process, by a monotonic clock. In order of use: the first was not used for longest. */
export class MemoryValueAdapter implements ValueAdapter {
  readonly scope = "process";
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  readonly #leases = new Map<string, Lease>();
  readonly #counts = new Map<string, ValueCounts>();
  #bytes = 0;
  #token = 0;
  #cancelSweep: CancelTimer | undefined;

  constructor({ maxEntries, maxBytes, clock }: MemoryValueOptions = {}) {
    this.#maxEntries = maxEntries ?? DEFAULT_MAX_ENTRIES;
    this.#maxBytes = maxBytes ?? DEFAULT_MAX_BYTES;
    this.#clock = clock ?? systemClock;
  }

  /** Entries and leases that are held in memory, whether they have expired or not. */
  get held(): { readonly entries: number; readonly bytes: number; readonly leases: number } {
    return { entries: this.#entries.size, bytes: this.#bytes, leases: this.#leases.size };
  }

  async find(place: ValuePlace, keys: readonly string[]): Promise<Map<string, StoredValue>> {
    const found = new Map<string, StoredValue>();
    const now = this.#clock.monotonic();
    for (const key of keys) {
      const name = nameOf(place, key);
      const entry = this.#entries.get(name);
      if (!entry) continue;
      const ageMs = now - entry.storedAt;
      if (isOver(entry, now)) {
        this.#drop(name, entry);
        continue;
      }
      this.#entries.delete(name);
      this.#entries.set(name, entry);
      found.set(key, { value: entry.value.value, ttlMs: entry.value.ttlMs, ageMs });
    }
    return found;
  }

  async put(
    place: ValuePlace,
    key: string,
    value: NewValue,
    token: number | null,
  ): Promise<"stored" | "overtaken"> {
    const name = nameOf(place, key);
    const lease = this.#leases.get(name);
    if (token === null) {
      if (lease) lease.isOvertaken = true;
    } else if (lease?.token !== token || lease.isOvertaken) {
      return "overtaken";
    }
    const present = this.#entries.get(name);
    if (present) this.#drop(name, present);
    const entry = { value, storedAt: this.#clock.monotonic(), bytes: name.length + sizeOf(value.value) };
    this.#entries.set(name, entry);
    this.#bytes += entry.bytes;
    this.#makeRoom();
    this.#scheduleSweep();
    return "stored";
  }

  async delete(place: ValuePlace, key: string): Promise<boolean> {
    const name = nameOf(place, key);
    const lease = this.#leases.get(name);
    if (lease) lease.isOvertaken = true;
    const entry = this.#entries.get(name);
    if (!entry) return false;
    this.#drop(name, entry);
    return !isOver(entry, this.#clock.monotonic());
  }

  async clear(place: ValuePlace, prefix = ""): Promise<number> {
    const start = nameOf(place, prefix);
    for (const [name, lease] of this.#leases) if (name.startsWith(start)) lease.isOvertaken = true;
    let count = 0;
    const now = this.#clock.monotonic();
    for (const [name, entry] of this.#entries) {
      if (!name.startsWith(start)) continue;
      if (!isOver(entry, now)) count += 1;
      this.#drop(name, entry);
    }
    return count;
  }

  async tryAcquire(place: ValuePlace, key: string, holder: string, leaseMs: number): Promise<ValueClaim> {
    const name = nameOf(place, key);
    const now = this.#clock.monotonic();
    const held = this.#leases.get(name);
    if (held && held.expiresAt > now) return { kind: "held", holder: held.holder };
    this.#token += 1;
    const wakes = held?.wakes ?? new Set();
    const lease = { token: this.#token, holder, expiresAt: now + leaseMs, isOvertaken: false, wakes };
    this.#leases.set(name, lease);
    this.#scheduleSweep();
    return { kind: "acquired", token: lease.token };
  }

  async tryRenew(place: ValuePlace, key: string, token: number, leaseMs: number): Promise<boolean> {
    const lease = this.#leases.get(nameOf(place, key));
    const now = this.#clock.monotonic();
    if (lease?.token !== token || lease.expiresAt <= now) return false;
    lease.expiresAt = now + leaseMs;
    return true;
  }

  async release(place: ValuePlace, key: string, token: number): Promise<void> {
    const name = nameOf(place, key);
    const lease = this.#leases.get(name);
    if (lease?.token !== token) return;
    this.#leases.delete(name);
    for (const wake of lease.wakes) wake();
  }

  onFreed(place: ValuePlace, key: string, wake: () => void): () => void {
    const lease = this.#leases.get(nameOf(place, key));
    if (!lease) {
      wake();
      return () => undefined;
    }
    lease.wakes.add(wake);
    return () => lease.wakes.delete(wake);
  }

  async size(place: ValuePlace): Promise<number> {
    return this.#keysOf(place).length;
  }

  async listKeys(place: ValuePlace, limit: number): Promise<string[]> {
    const keys = this.#keysOf(place).map((key) => Buffer.from(key));
    return keys.sort(Buffer.compare).slice(0, limit).map(String);
  }

  async addCounts(place: ValuePlace, counts: ValueCounts): Promise<void> {
    const before = await this.readCounts(place);
    const sums = VALUE_COUNTS.map((name) => [name, before[name] + counts[name]]);
    this.#counts.set(nameOf(place, ""), Object.fromEntries(sums) as ValueCounts);
  }

  async readCounts(place: ValuePlace): Promise<ValueCounts> {
    return this.#counts.get(nameOf(place, "")) ?? NO_VALUE_COUNTS;
  }

  async close(): Promise<void> {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#entries.clear();
    this.#leases.clear();
    this.#counts.clear();
    this.#bytes = 0;
  }

  #keysOf(place: ValuePlace): string[] {
    const start = nameOf(place, "");
    const now = this.#clock.monotonic();
    const names = [...this.#entries].filter(([name, entry]) => name.startsWith(start) && !isOver(entry, now));
    return names.map(([name]) => name.slice(start.length));
  }

  #drop(name: string, { bytes }: Entry): void {
    this.#entries.delete(name);
    this.#bytes -= bytes;
  }

  #makeRoom(): void {
    for (const [name, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
      this.#drop(name, entry);
    }
  }

  /** One timer, and only while something is held. */
  #scheduleSweep(): void {
    this.#cancelSweep ??= this.#clock.after(SWEEP_EVERY_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (this.#entries.size + this.#leases.size > 0) this.#scheduleSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const [name, entry] of this.#entries) if (isOver(entry, now)) this.#drop(name, entry);
    // Of holders that never came back.
    for (const [name, lease] of this.#leases) if (lease.expiresAt <= now) this.#leases.delete(name);
  }
}

function isOver({ value: { keepMs }, storedAt }: Entry, now: number): boolean {
  return keepMs !== null && now - storedAt >= keepMs;
}

/** Neither a team, nor a cache, nor a key has this character in it. */
function nameOf({ team, cache }: ValuePlace, key: string): string {
  return `${team}\n${cache}\n${key}`;
}

// Bytes in this process's memory: for tests, and for programs of one process.

import {
  systemClock,
  type ByteBody,
  type ByteCallOptions,
  type ByteCheck,
  type ByteStat,
  type ByteStore,
  type Clock,
  type ListedBytes,
} from "@memodag/core";
import { checkedChunks, collectBytes, streamOf } from "../bytes/checked-body.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly writtenAt: number;
}

/** A byte store that is gone with its process. */
export class MemoryByteStore implements ByteStore {
  readonly #clock: Clock;
  readonly #teams = new Map<string, Map<string, Kept>>();

  /** @param clock tells how old bytes are; default: the host's */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async read(
    team: string,
    name: string,
    { signal }: ByteCallOptions = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    signal?.throwIfAborted();
    const kept = this.#teams.get(team)?.get(name);
    return kept && streamOf(once(kept.bytes));
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    // A copy: what was stored must not change with the caller's buffer.
    const bytes = new Uint8Array(await collectBytes(checkedChunks(body, check, signal)));
    const kept = this.#teams.get(team) ?? new Map<string, Kept>();
    this.#teams.set(team, kept);
    kept.set(name, { bytes, writtenAt: this.#clock.now() });
  }

  async stat(team: string, names: readonly string[]): Promise<Map<string, ByteStat>> {
    const found = new Map<string, ByteStat>();
    for (const name of names) {
      const kept = this.#teams.get(team)?.get(name);
      if (kept) found.set(name, this.#statOf(kept));
    }
    return found;
  }

  async delete(team: string, names: readonly string[]): Promise<void> {
    for (const name of names) this.#teams.get(team)?.delete(name);
  }

  async *list(): AsyncGenerator<ListedBytes> {
    for (const [team, kept] of this.#teams)
      for (const [name, one] of kept) yield { team, name, ...this.#statOf(one) };
  }

  async close(): Promise<void> {
    this.#teams.clear();
  }

  #statOf({ bytes, writtenAt }: Kept): Required<ByteStat> {
    return { sizeBytes: bytes.length, ageMs: this.#clock.now() - writtenAt };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield new Uint8Array(bytes);
}

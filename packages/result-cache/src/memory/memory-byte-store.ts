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
import { checkedChunks } from "../bytes/checked-body.ts";

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
    return kept && streamOfCopy(kept.bytes);
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    const bytes = await copyOf(checkedChunks(body, check, signal), check.sizeBytes);
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

/** A copy: stored bytes must not change with the buffer of their writer. No more than announced are taken. */
async function copyOf(chunks: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** A copy: what is stored must not change with the reader's. */
function streamOfCopy(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
}

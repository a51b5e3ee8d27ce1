// Saves and loads bytes through a store and through the plain program or SDK beside it, in turns.

import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256, type ByteStore, type Digest } from "@memodag/core";
import { compared, type Report } from "../harness/measurement.ts";

/** Bytes in a file of this machine. */
export interface Sample {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/** The simplest way to the same place: it makes a file durable where the store does. */
export interface PlainWay {
  /** Such as `cp and fsync`. */
  readonly name: string;
  save(name: string, sample: Sample): Promise<void>;
  /** Resolves to the number of bytes read. */
  load(name: string): Promise<number>;
  forget(name: string): Promise<void>;
}

/** A store and its floor. */
export interface StorePair {
  readonly name: string;
  readonly store: ByteStore;
  readonly plain: PlainWay;
  /** Bytes come from memory; by default, from a file. */
  readonly fromMemory?: true;
}

const TEAM = "bench";

/** From 1 MiB on the goal is a throughput; below, the time of one request decides. */
const SIZES = [
  { label: "1 KiB", bytes: 2 ** 10, rounds: 100, hasGoal: false },
  { label: "1 MiB", bytes: 2 ** 20, rounds: 20, hasGoal: true },
  { label: "100 MiB", bytes: 100 * 2 ** 20, rounds: 4, hasGoal: true },
] as const;

/** Rounds go on for so long, and for three times as many at most: a fast store needs more to meet a quiet moment. */
const LEAST_MS = 10_000;
const MOST_TIMES = 3;

const LEAST_RATIO = 0.8;

/** Writes the samples into a folder. */
export function makeSamples(folder: string): Sample[] {
  return SIZES.map(({ bytes: size }) => {
    const bytes = randomBytes(size);
    const file = join(folder, `sample-${size}`);
    writeFileSync(file, bytes);
    return { file, bytes, digest: sha256(bytes) };
  });
}

/** Measures each size; the best round counts, since all others had to share the machine with something. */
export async function measureTransfers(
  { name, store, plain, fromMemory }: StorePair,
  samples: readonly Sample[],
  report: Report,
): Promise<void> {
  for (const [index, { label, bytes, rounds, hasGoal }] of SIZES.entries()) {
    const sample = samples[index] as Sample;
    const body = fromMemory ? sample.bytes : { file: sample.file };
    const check = {
      sizeBytes: bytes,
      sha256: sample.digest,
      md5: createHash("md5").update(sample.bytes).digest("hex"),
    };
    const best = { save: Infinity, plainSave: Infinity, load: Infinity, plainLoad: Infinity };
    const timed = async (what: keyof typeof best, work: () => Promise<void>): Promise<void> => {
      const beganAt = performance.now();
      await work();
      best[what] = Math.min(best[what], performance.now() - beganAt);
    };
    const startedAt = performance.now();
    const goesOn = (round: number): boolean =>
      round < rounds || (round < MOST_TIMES * rounds && performance.now() - startedAt < LEAST_MS);
    for (let round = 0; goesOn(round); round += 1) {
      const key = sha256(`${name} ${label} ${round}`);
      await timed("plainSave", () => plain.save(key, sample));
      await timed("save", () => store.write(TEAM, key, body, check));
      await timed("plainLoad", async () => expectAll(await plain.load(key), bytes));
      await timed("load", async () => expectAll(await drain(store, key), bytes));
      await store.delete(TEAM, [key]);
      await plain.forget(key);
    }
    const goal = hasGoal
      ? { text: `at least ${LEAST_RATIO} of ${plain.name}`, isMet: (ratio: number) => ratio >= LEAST_RATIO }
      : null;
    const mibPerSecond = (ms: number): number => bytes / 2 ** 20 / (ms / 1_000);
    for (const [what, own, floor] of [
      ["save", best.save, best.plainSave],
      ["load", best.load, best.plainLoad],
    ] as const) {
      const figures = { value: mibPerSecond(own), floor: mibPerSecond(floor) };
      report(compared(`${name}: ${what} ${label}`, "MiB/s", figures, goal));
    }
  }
}

async function drain(store: ByteStore, key: Digest): Promise<number> {
  let sum = 0;
  for await (const chunk of (await store.read(TEAM, key)) ?? []) sum += chunk.length;
  return sum;
}

function expectAll(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`read ${found} bytes of ${wanted}`);
}

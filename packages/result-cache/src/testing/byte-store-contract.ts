// The contract of byte stores, as tests that a store of any origin can run.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sha256, type ByteBody, type ByteCheck, type ByteStore } from "@memodag/core";
import { collectBytes, streamOf } from "../bytes/checked-body.ts";
import { describeGrants } from "./byte-grant-cases.ts";
import { caseOf, type ByteStoreHarness, type RegisterCase, type TestRunner } from "./store-harness.ts";

type Opened = Awaited<ReturnType<ByteStoreHarness["open"]>>;

const TEAM = "ml";
const MIB = 2 ** 20;
const STREAMED_MIB = 100;
/** Looking at the memory costs a collection of garbage. */
const LOOK_EACH_MIB = 25;

/** Memory that streaming may take while much more goes through. */
const MOST_MEMORY = 64 * MIB;

/** Teams that a careless store could take for one another, or for a path. */
const TEAMS = [TEAM, "ML", "m_", "m%", "mlx", "../ml", "/ml", "", ".", "..", "é".repeat(300)];

/**
 * Registers the contract of {@link ByteStore} as tests.
 *
 * @param name of the store, for the report
 * @example describeByteStore("s3", { open: openBucket }, { describe, test });
 */
export function describeByteStore(name: string, harness: ByteStoreHarness, runner: TestRunner): void {
  runner.describe(`${name} as a byte store`, () => {
    const check = caseOf(runner, harness);
    runner.describe("bytes", () => describeBytes(check));
    runner.describe("bodies", () => describeBodies(check));
    runner.describe("what is refused", () => describeRefusals(check));
    runner.describe("names and teams", () => describeNames(check));
    describeGrants(runner, check);
  });
}

function describeBytes(check: RegisterCase<Opened>): void {
  const samples: Record<string, Uint8Array> = {
    "no bytes": new Uint8Array(),
    "a NUL": new Uint8Array([0]),
    "invalid UTF-8": new Uint8Array([0xff, 0xfe, 0x80, 0x0d, 0x0a]),
    "a view into a larger buffer": Uint8Array.from({ length: 256 }, (_, byte) => byte).subarray(10, 20),
    "5 MiB and 1 byte": randomBytes(5 * MIB + 1),
  };
  for (const [what, bytes] of Object.entries(samples)) {
    check(`${what} come back as they were written`, async ({ store }) => {
      const name = nameOf(what);
      await store.write(TEAM, name, bytes, checkOf(bytes));
      await holds(store, TEAM, name, bytes);
    });
  }

  check("what is not there is not in any answer", async ({ store }) => {
    equal(await store.read(TEAM, nameOf("absent")), undefined);
    equal((await store.stat(TEAM, [])).size, 0);
    equal((await store.stat(TEAM, [nameOf("absent")])).size, 0);
    await store.delete(TEAM, []);
    await store.delete(TEAM, [nameOf("absent")]);
  });

  check("what was deleted is gone, and the rest is not", async ({ store }) => {
    for (const name of ["one", "two", "three"]) await write(store, name);
    await store.delete(TEAM, [nameOf("one"), nameOf("absent"), nameOf("three")]);
    equal(await store.read(TEAM, nameOf("one")), undefined);
    await holds(store, TEAM, nameOf("two"), bytesOf("two"));
  });

  check("bytes that are written again are there once, and whole", async ({ store }) => {
    await write(store, "same");
    await write(store, "same");
    await holds(store, TEAM, nameOf("same"), bytesOf("same"));
    if (store.list) equal((await listed(store)).length, 1);
  });

  check("other bytes under a name take the place of those before", async ({ store }) => {
    const name = nameOf("changing");
    for (const text of ["a longer text", "short", ""]) {
      await store.write(TEAM, name, bytesOf(text), checkOf(bytesOf(text)));
      await holds(store, TEAM, name, bytesOf(text));
    }
  });

  check("writers of one name at once leave it whole", async ({ store }) => {
    const bytes = randomBytes(3 * MIB);
    const name = nameOf("contended");
    await Promise.all(
      Array.from({ length: 5 }, () => store.write(TEAM, name, streamed(bytes), checkOf(bytes))),
    );
    await holds(store, TEAM, name, bytes);
  });
}

function describeBodies(check: RegisterCase<Opened>): void {
  check("a stream and a file are stored like bytes", async ({ store }) => {
    const folder = await mkdtemp(join(tmpdir(), "memodag-bytes-"));
    try {
      const bytes = randomBytes(2 * MIB + 7);
      const file = join(folder, "body");
      await writeFile(file, bytes);
      await store.write(TEAM, nameOf("stream"), streamed(bytes), checkOf(bytes));
      await store.write(TEAM, nameOf("file"), { file }, checkOf(bytes));
      await holds(store, TEAM, nameOf("stream"), bytes);
      await holds(store, TEAM, nameOf("file"), bytes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  check(`${STREAMED_MIB} MiB go through without being held in memory`, async ({ store, holdsInMemory }) => {
    const chunk = randomBytes(MIB);
    const hash = createHash("sha256");
    for (let count = 0; count < STREAMED_MIB; count += 1) hash.update(chunk);
    const wanted = { sizeBytes: STREAMED_MIB * MIB, sha256: hash.digest("hex") };
    const memory = new MemoryGauge();
    await store.write(TEAM, nameOf("large"), repeated(chunk, STREAMED_MIB, memory), wanted);
    const read = createHash("sha256");
    let size = 0;
    for await (const part of (await store.read(TEAM, nameOf("large"))) ?? []) {
      read.update(part);
      if (
        Math.floor(size / (LOOK_EACH_MIB * MIB)) < Math.floor((size += part.length) / (LOOK_EACH_MIB * MIB))
      )
        memory.look();
    }
    deepEqual({ sizeBytes: size, sha256: read.digest("hex") }, wanted);
    equal(holdsInMemory === true || memory.peakBytes < MOST_MEMORY, true, `${memory.peakBytes} bytes`);
  });

  check("a reader that stops early leaves the bytes as they are", async ({ store }) => {
    const bytes = randomBytes(4 * MIB);
    await store.write(TEAM, nameOf("left"), bytes, checkOf(bytes));
    const reader = (await store.read(TEAM, nameOf("left")))?.getReader();
    equal((await reader?.read())?.done, false);
    await reader?.cancel();
    await holds(store, TEAM, nameOf("left"), bytes);
  });
}

function describeRefusals(check: RegisterCase<Opened>): void {
  const bytes = randomBytes(2 * MIB);
  const right = checkOf(bytes);
  const bodies: Record<string, () => ByteBody> = { bytes: () => bytes, "a stream": () => streamed(bytes) };
  const faults: Record<string, ByteCheck> = {
    "one byte too many": { ...right, sizeBytes: right.sizeBytes - 1 },
    "one byte too few": { ...right, sizeBytes: right.sizeBytes + 1 },
    "another digest": { ...right, sha256: sha256("other") },
  };
  for (const [body, make] of Object.entries(bodies)) {
    for (const [fault, wrong] of Object.entries(faults)) {
      check(`${body} with ${fault}, of which nothing stays`, async ({ store }) => {
        await rejects(store.write(TEAM, nameOf("wrong"), make(), wrong), { code: "bytes_refused" });
        await isAbsent(store, "wrong");
      });
    }
  }

  check("a stream that breaks leaves nothing, or what was there", async ({ store }) => {
    await rejects(store.write(TEAM, nameOf("broken"), broken(bytes), right), /the source broke/);
    await isAbsent(store, "broken");
    await write(store, "kept");
    await rejects(store.write(TEAM, nameOf("kept"), broken(bytes), right), /the source broke/);
    await holds(store, TEAM, nameOf("kept"), bytesOf("kept"));
  });

  check("a write is ended by its signal, and leaves nothing", async ({ store }) => {
    const given = AbortSignal.abort(new Error("too late"));
    await rejects(store.write(TEAM, nameOf("late"), bytes, right, { signal: given }), /too late/);
    const controller = new AbortController();
    const hanging = hangingAfter(bytes.subarray(0, MIB), () => controller.abort(new Error("too late")));
    await rejects(store.write(TEAM, nameOf("late"), hanging, right, { signal: controller.signal }));
    await isAbsent(store, "late");
    await store.write(TEAM, nameOf("late"), bytes, right);
    await holds(store, TEAM, nameOf("late"), bytes);
  });
}

function describeNames(check: RegisterCase<Opened>): void {
  check("1,001 names are looked up at once", async ({ store }) => {
    const names = Array.from({ length: 1_001 }, (_, index) => nameOf(`many ${index}`));
    for (const index of [0, 500, 1_000]) {
      const bytes = bytesOf(`value ${index}`);
      await store.write(TEAM, names[index] ?? "", bytes, checkOf(bytes));
    }
    const found = await store.stat(TEAM, names);
    const sizes = Array.from(found, ([name, { sizeBytes }]) => [names.indexOf(name), sizeBytes]);
    deepEqual(
      sizes.toSorted(([a = 0], [b = 0]) => a - b),
      [
        [0, 7],
        [500, 9],
        [1_000, 10],
      ],
    );
  });

  check("each team has its own bytes", async ({ store }) => {
    const name = nameOf("shared name");
    for (const team of TEAMS) await store.write(team, name, bytesOf(team), checkOf(bytesOf(team)));
    for (const team of TEAMS) await holds(store, team, name, bytesOf(team));
    await store.delete(TEAM, [name]);
    for (const team of TEAMS) {
      if (team === TEAM) equal(await store.read(team, name), undefined);
      else await holds(store, team, name, bytesOf(team));
    }
  });

  check("a listing, where there is one, has everything with its size", async ({ store }) => {
    if (!store.list) return;
    for (const name of ["one", "two"]) await write(store, name);
    await store.write("mlx", nameOf("one"), bytesOf("one"), checkOf(bytesOf("one")));
    deepEqual(
      (await listed(store)).toSorted(),
      [`ml ${nameOf("one")} 3`, `ml ${nameOf("two")} 3`, `mlx ${nameOf("one")} 3`].toSorted(),
    );
  });
}

async function holds(store: ByteStore, team: string, name: string, bytes: Uint8Array): Promise<void> {
  const stream = await store.read(team, name);
  const read = stream && (await collectBytes(stream));
  equal(read && Buffer.compare(read, bytes), 0, `bytes of ${name.slice(0, 8)} of team ${team.slice(0, 8)}`);
  equal((await store.stat(team, [name])).get(name)?.sizeBytes, bytes.length);
}

async function isAbsent(store: ByteStore, text: string): Promise<void> {
  equal(await store.read(TEAM, nameOf(text)), undefined);
  equal((await store.stat(TEAM, [nameOf(text)])).size, 0);
  if (store.list) deepEqual(await listed(store), []);
}

async function listed(store: ByteStore): Promise<string[]> {
  const all: string[] = [];
  for await (const { team, name, sizeBytes } of store.list?.() ?? [])
    all.push(`${team} ${name} ${sizeBytes}`);
  return all;
}

async function write(store: ByteStore, text: string): Promise<void> {
  await store.write(TEAM, nameOf(text), bytesOf(text), checkOf(bytesOf(text)));
}

function nameOf(text: string): string {
  return sha256(`name of ${text}`);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function checkOf(bytes: Uint8Array): ByteCheck {
  return { sizeBytes: bytes.length, sha256: sha256(bytes) };
}

function streamed(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return streamOf(slices(bytes));
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 100_000) yield bytes.subarray(from, from + 100_000);
}

function broken(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return streamOf(
    (async function* () {
      yield bytes.subarray(0, bytes.length / 2);
      throw new Error("the source broke");
    })(),
  );
}

function hangingAfter(bytes: Uint8Array, hangs: () => void): ReadableStream<Uint8Array> {
  return streamOf(
    (async function* () {
      yield bytes;
      hangs();
      await new Promise<never>(() => undefined);
    })(),
  );
}

function repeated(chunk: Uint8Array, count: number, memory: MemoryGauge): ReadableStream<Uint8Array> {
  return streamOf(
    (async function* () {
      for (let index = 0; index < count; index += 1) {
        yield chunk;
        if (index % LOOK_EACH_MIB === LOOK_EACH_MIB - 1) memory.look();
      }
    })(),
  );
}

/** Measures the memory that is held, without garbage. */
class MemoryGauge {
  readonly #collectGarbage: () => void;
  readonly #baseBytes: number;
  #peakBytes = 0;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collectGarbage = runInNewContext("gc") as () => void;
    this.#baseBytes = this.#heldBytes();
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  look(): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes() - this.#baseBytes);
  }

  #heldBytes(): number {
    // Memory that the first collection finds is released in the background; the second waits for that.
    this.#collectGarbage();
    this.#collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}

// The contract of result stores, as tests that any backend can run.

import { deepEqual, equal } from "node:assert/strict";
import { sha256, type Digest } from "@memodag/core";
import type { ResultBytes, ResultStore } from "../result-store.ts";
import {
  caseOf,
  type OpenStore,
  type RegisterCase,
  type ResultStoreHarness,
  type TestRunner,
} from "./store-harness.ts";

const TEAM = "ml";

/** Teams that a careless store could take for one another, or for a path. */
const TEAMS = [TEAM, "ML", "m_", "m%", "mlx", "../ml", "../../ml", "/ml", "", ".", "..", "é".repeat(300)];

/**
 * Registers the contract of {@link ResultStore} as tests.
 *
 * @param name of the store, for the report
 * @example describeResultStore("s3", { open: openBucket }, { describe, test });
 */
export function describeResultStore(name: string, harness: ResultStoreHarness, runner: TestRunner): void {
  runner.describe(`${name} as a result store`, () => {
    const check = caseOf(runner, harness);
    runner.describe("bytes", () => describeBytes(check));
    runner.describe("teams", () => describeTeams(check));
  });
}

function describeBytes(check: RegisterCase<OpenStore<ResultStore>>): void {
  check("what is not there is not in the answer", async ({ store }) => {
    equal((await store.read(TEAM, [])).size, 0);
    equal((await store.read(TEAM, [sha256("absent")])).size, 0);
    await store.write(TEAM, []);
    await store.delete(TEAM, [sha256("absent")]);
    await store.write(TEAM, [result("one")]);
    const found = await store.read(TEAM, [sha256("absent"), sha256("one")]);
    deepEqual([...found.keys()], [sha256("one")]);
  });

  check("any bytes come back as they were written", async ({ store }) => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    const samples = [new Uint8Array(), all, new Uint8Array(3), new Uint8Array([0xff, 0xfe, 0x0d, 0x0a])];
    // A view into a larger buffer: its neighbours are none of the result's bytes.
    samples.push(all.subarray(10, 20));
    const results = samples.map(resultOf);
    await store.write(TEAM, results);
    for (const { digest, bytes } of results) await holds(store, TEAM, digest, bytes);
  });

  check("a result of 5 MB comes back whole", async ({ store }) => {
    const bytes = new Uint8Array(5_000_000);
    for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 31) ^ (index >> 8);
    const large = resultOf(bytes);
    await store.write(TEAM, [large]);
    await holds(store, TEAM, large.digest, bytes);
  });

  check("many results are written and read in one call", async ({ store }) => {
    const results = Array.from({ length: 520 }, (_, index) => result(`${index}`));
    await store.write(TEAM, results);
    const digests = results.map(({ digest }) => digest);
    const found = await store.read(TEAM, [...digests, ...digests.slice(0, 10), sha256("absent")]);
    equal(found.size, results.length);
    for (const { digest, bytes } of results) deepEqual(plain(found.get(digest)), plain(bytes));
  });

  check("writing what is there is no error, in one call, again, or at once", async ({ store }) => {
    const one = result("one");
    await store.write(TEAM, [one, one]);
    await store.write(TEAM, [one, result("two")]);
    await Promise.all(Array.from({ length: 10 }, () => store.write(TEAM, [one, result("three")])));
    for (const text of ["one", "two", "three"]) {
      await holds(store, TEAM, sha256(text), result(text).bytes);
    }
  });

  check("what was stored does not change with the caller's buffer", async ({ store }) => {
    // A Buffer's slice() is no copy, as a Uint8Array's is.
    for (const bytes of [result("one").bytes, Buffer.from("two")]) {
      const { digest } = resultOf(bytes);
      const before = Uint8Array.from(bytes);
      await store.write(TEAM, [{ digest, bytes }]);
      bytes.fill(0);
      await holds(store, TEAM, digest, before);
    }
  });

  // Damage is written under the digest: a store does not check bytes, its readers do.
  for (const [kind, damaged] of [
    ["changed", "onf"],
    ["cut short", "on"],
    ["empty", ""],
    ["longer", "ones"],
  ] as const) {
    check(`writing a result again heals bytes that are ${kind}`, async ({ store }) => {
      const { digest, bytes } = result("one");
      await store.write(TEAM, [{ digest, bytes: result(damaged).bytes }]);
      await store.write(TEAM, [{ digest, bytes }]);
      await holds(store, TEAM, digest, bytes);
    });
  }

  check("what is deleted is gone, and can be written again", async ({ store }) => {
    const [one, two] = [result("one"), result("two")];
    await store.write(TEAM, [one, two]);
    await store.delete(TEAM, [one.digest, sha256("absent")]);
    deepEqual([...(await store.read(TEAM, [one.digest, two.digest])).keys()], [two.digest]);
    await store.delete(TEAM, [one.digest]);
    await store.delete(TEAM, []);
    await store.write(TEAM, [one]);
    await holds(store, TEAM, one.digest, one.bytes);
  });

  check("a read that is aborted leaves the store in order", async ({ store }) => {
    const one = result("one");
    await store.write(TEAM, [one]);
    const aborted = store.read(TEAM, [one.digest], { signal: AbortSignal.abort() });
    // It may answer, if it was done before it could be aborted, or reject.
    const [outcome] = await Promise.allSettled([aborted]);
    if (outcome.status === "fulfilled") equal(outcome.value.size, 1);
    await holds(store, TEAM, one.digest, one.bytes);
  });
}

function describeTeams(check: RegisterCase<OpenStore<ResultStore>>): void {
  check("another team's digest is not there", async ({ store }) => {
    const one = result("one");
    await store.write(TEAM, [one]);
    for (const team of TEAMS) {
      equal((await store.read(team, [one.digest])).size, team === TEAM ? 1 : 0, `team ${team}`);
    }
  });

  check("each team has bytes of its own under one digest", async ({ store }) => {
    const { digest } = result("one");
    for (const team of TEAMS) await store.write(team, [{ digest, bytes: result(team).bytes }]);
    for (const team of TEAMS) await holds(store, team, digest, result(team).bytes);
  });

  check("deleting leaves other teams' bytes", async ({ store }) => {
    const one = result("one");
    for (const team of TEAMS) await store.write(team, [one]);
    await store.delete("m_", [one.digest]);
    await store.delete("", [one.digest]);
    await store.delete("no-team", [one.digest]);
    for (const team of TEAMS) {
      const left = (await store.read(team, [one.digest])).size;
      equal(left, team === "m_" || team === "" ? 0 : 1, `team ${team}`);
    }
  });
}

function result(text: string): ResultBytes {
  return resultOf(new TextEncoder().encode(text));
}

function resultOf(bytes: Uint8Array): ResultBytes {
  return { digest: sha256(bytes), bytes };
}

async function holds(store: ResultStore, team: string, digest: Digest, bytes: Uint8Array): Promise<void> {
  const found = (await store.read(team, [digest])).get(digest);
  // Compared as bytes: an assertion on 5 MB would print them.
  equal(
    found !== undefined && Buffer.compare(found, bytes) === 0,
    true,
    `bytes of ${digest} of team ${team}`,
  );
}

/** As a Uint8Array, whatever subclass of it a store returns. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new Uint8Array(bytes);
}

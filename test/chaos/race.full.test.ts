// Processes store and look up the same keys at once: nothing is lost, doubled or torn.
//
// $CHAOS_RACE_SECONDS is how long each race takes. `npm run chaos` is the long form.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import {
  FilesystemRecordStore,
  FilesystemResultStore,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { RaceOrder, RaceReport } from "./race-process.ts";

const SECONDS = Number(process.env["CHAOS_RACE_SECONDS"] ?? 2);
const PROCESSES = 8;
const KEYS = 1_000;
const TIMEOUT_MS = 60_000 + SECONDS * 3_000;
const RACER = join(import.meta.dirname, "race-process.ts");

let racers: ChildProcess[] = [];

beforeAll(async () => {
  racers = Array.from({ length: PROCESSES }, () => fork(RACER, [], { execArgv: ["--conditions=source"] }));
  await Promise.all(racers.map((racer) => once(racer, "message")));
}, TIMEOUT_MS);
afterAll(() => {
  for (const racer of racers) racer.kill("SIGKILL");
});

async function race(location: string): Promise<RaceReport[]> {
  return await Promise.all(
    racers.map(async (racer, seed) => {
      const report = once(racer, "message") as Promise<[RaceReport]>;
      racer.send({ location, keys: KEYS, ms: SECONDS * 1_000, seed } satisfies RaceOrder);
      return (await report)[0];
    }),
  );
}

/** Keys with more than one row, and those whose bytes are not of the digest that their row names. */
async function findDamage({ records, results }: { records: RecordStore; results: ResultStore }) {
  const listed = await records.list({}, { limit: 10 * KEYS, offset: 0 });
  const damage: string[] = [];
  const keys = new Set<string>();
  for (const { team, key, xcoms } of listed) {
    if (keys.has(key)) damage.push(`${key} is there twice`);
    keys.add(key);
    const digest = xcoms[0]?.digest ?? "";
    const bytes = (await results.read(team, [digest])).get(digest);
    if (!bytes || sha256(bytes) !== digest) damage.push(`${key} has no bytes of its digest`);
  }
  return { damage, keys: keys.size };
}

function sum(reports: readonly RaceReport[], of: "puts" | "lookups" | "failedPuts"): number {
  return reports.reduce((total, report) => total + report[of], 0);
}

function tell(name: string, reports: readonly RaceReport[], keys: number): void {
  process.stdout.write(
    `${name}: ${PROCESSES} processes in ${SECONDS} s made ${sum(reports, "puts")} puts ` +
      `(${sum(reports, "failedPuts")} refused) and ${sum(reports, "lookups")} lookups of ${keys} keys\n`,
  );
}

test.each(TEST_DIALECTS)(
  "processes that race on %s",
  async (dialect) => {
    await using metastore = await openTestMetastore(dialect);
    const reports = await race(metastore.url);
    expect(reports.flatMap(({ faults }) => faults)).toEqual([]);
    const { damage, keys } = await findDamage(metastore);
    expect(damage).toEqual([]);
    expect(sum(reports, "lookups")).toBeGreaterThan(0);
    expect(keys).toBe(new Set(reports.flatMap(({ known }) => known)).size);
    tell(dialect, reports, keys);
  },
  TIMEOUT_MS,
);

test(
  "processes that race in a folder",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "memodag-race-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const reports = await race(folder);
    expect(reports.flatMap(({ faults }) => faults)).toEqual([]);
    const records = new FilesystemRecordStore(folder, systemClock);
    const results = new FilesystemResultStore(folder, systemClock);
    const { damage, keys } = await findDamage({ records, results });
    expect(damage).toEqual([]);
    expect(sum(reports, "lookups")).toBeGreaterThan(0);
    expect(keys).toBe(new Set(reports.flatMap(({ known }) => known)).size);
    tell("a folder", reports, keys);
  },
  TIMEOUT_MS,
);

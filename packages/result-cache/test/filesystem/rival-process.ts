// A process that stores and looks up keys which its rivals store at the same time.

import { sha256, systemClock } from "@memodag/core";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { rivalEntry } from "./rival-entry.ts";

/** What a rival found. */
export interface RivalReport {
  /** Numbers of the keys for which its put was the one that stored. */
  readonly stored: number[];
  /** What was lost, doubled or torn. */
  readonly faults: string[];
}

const [, , root = "", name = "", keys = "0"] = process.argv;
const records = new FilesystemRecordStore(root, systemClock);
const results = new FilesystemResultStore(root, systemClock);

async function storeAndLookUp(number: number, report: RivalReport): Promise<void> {
  const { record, result } = rivalEntry(number, name);
  const { team, key } = record;
  await results.write(team, [result]);
  const outcome = await records.put(record, "keep-live");
  if (outcome.kind === "stored") report.stored.push(number);
  await records.touch(team, [{ key, count: 1 }]);
  const found = (await records.find(team, [key])).get(key);
  const digest = found?.xcoms[0]?.digest;
  if (!found || !digest) {
    report.faults.push(`${number}: lost`);
    return;
  }
  if (outcome.kind === "kept" && outcome.resultDigest !== digest) report.faults.push(`${number}: replaced`);
  const bytes = (await results.read(team, [digest])).get(digest);
  if (!bytes || sha256(bytes) !== digest) report.faults.push(`${number}: bytes`);
}

async function compete(): Promise<void> {
  const report: RivalReport = { stored: [], faults: [] };
  for (let number = 0; number < Number(keys); number++) await storeAndLookUp(number, report);
  process.send?.(report, () => process.disconnect());
}

process.once("message", () => void compete());
process.send?.("ready");

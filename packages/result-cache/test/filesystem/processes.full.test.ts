import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { sha256, systemClock, type Clock } from "@memodag/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { rivalEntry } from "./rival-entry.ts";
import type { RivalReport } from "./rival-process.ts";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";

const RIVAL = join(import.meta.dirname, "rival-process.ts");
const HOUR = 3_600_000;

let scratch: ScratchFolder;
let processes: ChildProcess[] = [];

beforeEach(async () => {
  scratch = await makeScratchFolder();
});

afterEach(async () => {
  for (const process of processes) process.kill("SIGKILL");
  processes = [];
  await scratch.remove();
});

function at(offsetMs: number): Clock {
  return { ...systemClock, now: () => Date.now() + offsetMs };
}

async function startRival(name: string, keys: number): Promise<ChildProcess> {
  const rival = fork(RIVAL, [scratch.path, name, `${keys}`], { execArgv: ["--conditions=source"] });
  processes.push(rival);
  await once(rival, "message");
  return rival;
}

test("processes that store the same keys at once lose, double and tear nothing", async () => {
  const rivals = await Promise.all(["a", "b", "c", "d"].map((name) => startRival(name, 120)));
  const earlier = new FilesystemRecordStore(scratch.path, at(-HOUR));
  // Every other key has an expired record, which one of them must replace.
  for (let number = 0; number < 120; number += 2) {
    await earlier.put({ ...rivalEntry(number, "expired").record, ttlMs: 1 }, "keep-live");
  }

  const reports = await Promise.all(
    rivals.map(async (rival) => {
      const report = once(rival, "message") as Promise<[RivalReport]>;
      rival.send("go");
      return (await report)[0];
    }),
  );

  expect(reports.flatMap((report) => report.faults)).toEqual([]);
  const stored = reports.flatMap((report) => report.stored).sort((a, b) => a - b);
  expect(stored).toEqual(Array.from({ length: 120 }, (_, number) => number));
  const records = new FilesystemRecordStore(scratch.path, systemClock);
  const listed = await records.list({}, { limit: 1_000, offset: 0 });
  expect(listed.map((record) => record.hitCount)).toEqual(Array.from({ length: 120 }, () => 4));
  expect((await scratch.files()).filter((file) => file.includes("incoming"))).toEqual([]);
});

test("a process that is killed while it writes leaves whole files, and nobody waits for it", async () => {
  const rival = await startRival("killed", 100_000);
  rival.send("go");
  const records = new FilesystemRecordStore(scratch.path, systemClock);
  while ((await records.count({})) < 50);
  rival.kill("SIGKILL");
  await once(rival, "exit");

  const files = await scratch.files();
  const recordFiles = files.filter((file) => file.endsWith(".json"));
  expect(await records.count({})).toBe(recordFiles.length);
  for (const file of files.filter((path) => path.startsWith("results") && !path.includes("incoming"))) {
    expect(sha256(await readFile(join(scratch.path, file)))).toBe(basename(file));
  }

  // Two hours later its locks and half-written files are nobody's.
  const later = new FilesystemRecordStore(scratch.path, at(2 * HOUR));
  const laterResults = new FilesystemResultStore(scratch.path, at(2 * HOUR));
  for (let number = 0; number < recordFiles.length + 2; number++) {
    const { record, result } = rivalEntry(number, "later");
    await laterResults.write(record.team, [result]);
    expect(await later.put(record, "replace")).toEqual({ kind: "stored" });
  }
  expect((await scratch.files()).filter((file) => file.includes("incoming"))).toEqual([]);
});

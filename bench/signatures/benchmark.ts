// The cost of checking signatures: of a record on its own, and of a run of 10,000 hits beside one without signatures.

import { generateKeyPairSync, sign, verify } from "node:crypto";
import { sha256, type Digest } from "@memodag/core";
import { KEY_VERSION, RecordSigner, SignatureChecks, type FoundRecord } from "@memodag/result-cache";
import { Dag } from "memodag";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";

const RECORDS = 2_000;
const HITS = 10_000;
const REPEATS = 3;
const MICROSECONDS = 1_000;

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const signer = new RecordSigner({ privateKey, scheduler: "bench", now: () => Date.now() });

/** `npm run bench -- signatures` */
export async function benchmark(report: Report): Promise<void> {
  await measureRecords(report);
  await onEachDatabase((database) => measureRuns(database, report));
}

async function measureRecords(report: Report): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, index) => recordOf(index));
  const { signal } = new AbortController();
  const check = async (checks: SignatureChecks): Promise<number> => {
    const startedAt = performance.now();
    const checked = await checks.checkFound(records, signal);
    const us = ((performance.now() - startedAt) * MICROSECONDS) / RECORDS;
    if ([...checked.values()].some(({ kind }) => kind !== "usable"))
      throw new Error("a signature is not valid");
    return us;
  };
  const goal = { text: "at most 100 µs", isMet: (value: number) => value <= 100 };
  const withKey = new SignatureChecks([publicKey], "strict", { signer });
  report(absolute("a record, checked by a scheduler with the private key", "µs", await check(withKey), goal));
  const others = new SignatureChecks([publicKey], "strict");
  const floor = bareVerification();
  const value = await check(others);
  report(compared("a record, checked with the public key", "µs", { value, floor }, null));
  report(absolute("a record, checked with the public key once more", "µs", await check(others), goal));
}

/** Node's verification alone, in microseconds. */
function bareVerification(): number {
  const bytes = Buffer.alloc(1_000);
  const signature = sign(null, bytes, privateKey);
  const startedAt = performance.now();
  for (let done = 0; done < RECORDS; done += 1) verify(null, bytes, publicKey, signature);
  return ((performance.now() - startedAt) * MICROSECONDS) / RECORDS;
}

function recordOf(index: number): FoundRecord {
  const key: Digest = sha256(`record ${index}`);
  const record = {
    team: "default",
    key,
    dagId: "d",
    taskId: "t",
    sourceHash: sha256("source"),
    components: {
      v: KEY_VERSION,
      team: "default",
      dag: "d",
      task: "t",
      source: sha256("source"),
      runtime: {},
      inputs: { n: key },
      context: {},
      env: {},
      version: null,
    },
    xcoms: [{ key: "return_value", digest: key, sizeBytes: 80 }],
    error: null,
    producer: { runId: "run", mapIndex: index, tryNumber: 1 },
    durationMs: 1,
    ttlMs: null,
  };
  const { dagId: _d, taskId: _t, sourceHash: _s, components: _c, ttlMs: _l, ...found } = record;
  return { ...found, createdAt: Date.now(), ageMs: 0, signature: signer.sign(record, null) };
}

async function measureRuns({ dialect, metastore }: BenchDatabase, report: Report): Promise<void> {
  const open = (dagId: string, isSigned: boolean): BenchRuns =>
    new BenchRuns(metastore, new PretendedExecutor(), dagId, undefined, {
      ...(isSigned && { signer, signatures: new SignatureChecks([publicKey], "strict", { signer }) }),
    });
  const fill = async (dagId: string, isSigned: boolean): Promise<void> => {
    const runs = open(dagId, isSigned);
    await runs.run(await runs.define(dagOf(dagId)));
    await runs.stop();
  };
  await fill("unsigned", false);
  await fill("signed", true);
  const [floors, values]: [number[], number[]] = [[], []];
  // In turn, so that all of them meet the same machine.
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const [plain, signed] = [open("unsigned", false), open("signed", true)];
    const [plainDag, signedDag] = [
      await plain.define(dagOf("unsigned")),
      await signed.define(dagOf("signed")),
    ];
    floors.push((await plain.run(plainDag)).ms);
    values.push((await signed.run(signedDag)).ms);
    await plain.stop();
    await signed.stop();
  }
  const goal = { text: "within 15 %", isMet: (ratio: number) => ratio <= 1.15 };
  const measured = { value: median(values), floor: median(floors) };
  report(compared(`${dialect}: a run of ${HITS} signed hits`, "ms", measured, goal));
}

function dagOf(dagId: string): Dag {
  const dag = new Dag(dagId, { maxActiveTasks: 1_000_000, maxMapLength: HITS });
  const task = dag.task("t", (({ n }: { n: number }) => n) as (args: { n: number }) => unknown, {
    cache: true,
  });
  task.expand({ n: Array.from({ length: HITS }, (_, index) => index) });
  return dag;
}

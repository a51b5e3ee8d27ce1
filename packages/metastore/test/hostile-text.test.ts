// Texts that PostgreSQL refuses, in whatever a store is given: each is stored with what is refused replaced, is
// refused by itself, or is found to be nowhere; a batch that has one keeps its other members.

import { UNMAPPED, UNTOUCHED, sha256, type AuditAct, type TaskInstance } from "@memodag/core";
import { NO_COUNTS } from "@memodag/result-cache";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { newRun, saveDag, serializedDag, dagFile, artifact } from "./dags-and-runs.ts";

const HOSTILE = ["x\u0000y", "\u0000", "x\ud800y", "\udc00", "\ud83d", "a\u0000\udfffb"];
const STORED = ["x\ufffdy", "\ufffd", "x\ufffdy", "\ufffd", "\ufffd", "a\ufffd\ufffdb"];
const TEAM = "red";

/** Calls of every store, with a text in each place that takes one. */
const CALLS: Readonly<
  Record<string, (store: TestMetastore, text: string, version: number) => Promise<unknown>>
> = {
  "runs.findRun": ({ runs }, text) => runs.findRun(TEAM, "d", text),
  "runs.findRun of a Dag": ({ runs }, text) => runs.findRun(text, text, "r"),
  "runs.listRuns": ({ runs }, text) => runs.listRuns({ team: text, dagId: text, limit: 9 }),
  "runs.listRuns by prefix": ({ runs }, text) =>
    runs.listRuns({ team: TEAM, dagId: "d", idPrefix: text, limit: 9 }),
  "runs.listDatedRuns": ({ runs }, text) => runs.listDatedRuns(text, text, [1]),
  "runs.listPreviousCacheKeys": ({ runs }, text) => runs.listPreviousCacheKeys(TEAM, text, 9, 9),
  "runs.claimRuns": ({ runs }, text) =>
    runs.claimRuns({
      owner: text,
      leaseMs: 1,
      limit: 1,
      deadOwners: [text],
      dag: { team: text, dagId: text },
    }),
  "runs.renewLeases": ({ runs }, text) => runs.renewLeases(text, 1_000),
  "runs.releaseLeases": ({ runs }, text) => runs.releaseLeases(text),
  "runs.findShownDigests": ({ runs }, text) => runs.findShownDigests(text, text, [text]),
  "runs.createRun with conf and params": ({ runs }, text, version) =>
    runs.createRun(
      newRun("d", version, {
        runId: `conf-${HOSTILE.indexOf(text)}`,
        conf: { [text]: text },
        params: { of: [text] },
      }),
      act(text),
    ),
  "records.put": ({ records }, text) =>
    records.put(
      cacheRecord(`put ${text}`, {
        error: { code: text, message: text, fields: { [text]: text } } as never,
        xcoms: [],
        taskId: text,
        producer: { runId: text, mapIndex: -1, tryNumber: 1 },
      }),
      "keep-live",
    ),
  "records.find": ({ records }, text) => records.find(text, [text]),
  "records.purge": ({ records }, text) =>
    records.purge({
      dagId: text,
      taskId: text,
      sourceHash: text,
      keyPrefix: text,
      run: { dagId: text, runId: text },
    }),
  "results.read": ({ results }, text) => results.read(text, [text]),
  "results.write": ({ results }, text) =>
    results.write(text, [{ digest: sha256(text), bytes: Buffer.from("1") }]),
  "written.note": ({ written }, text) => written.note(text, text, [{ digest: sha256(text), sizeBytes: 1 }]),
  "written.findNoted": ({ written }, text) => written.findNoted(text, text, [text]),
  "leases.tryAcquire": ({ leases }, text) => leases.tryAcquire(TEAM, sha256(text), text as never, 1_000),
  "counters.add": ({ counters }, text) =>
    counters.add([{ team: TEAM, dagId: text, taskId: text, counts: NO_COUNTS }]),
  cacheSwitch: ({ cacheSwitch }, text) =>
    cacheSwitch.turn({ isEnabled: true, reason: text, changedBy: text }, act(text)),
  "audit.write": ({ audit }, text) => audit.write(act(text), 1),
  "audit.begin and end": async ({ audit }, text) =>
    await audit.end(await audit.begin(act(text)), { kind: "failed", error: text }),
  "audit.list": ({ audit }, text) => audit.list({ team: text, limit: 1 }),
  "dags.findDagVersions": ({ dags }, text) => dags.findDagVersions(text, text),
  "dags.listCacheStorages": ({ dags }, text) => dags.listCacheStorages(text),
  "dags.findTaskSources": ({ dags }, text) => dags.findTaskSources(text, [text]),
  "dags.saveDagFile": ({ dags }, text) =>
    dags.saveDagFile({
      kind: "read",
      file: { ...dagFile(`${sha256(text)}.ts`, TEAM, "hostile"), warnings: [text] },
      artifact,
      dags: [serializedDag(`h-${sha256(text).slice(0, 8)}`)],
      sources: [],
    }),
};

function act(text: string): AuditAct {
  return {
    actor: { kind: "os_user", name: text, host: text },
    action: "cache.purge",
    team: TEAM,
    filter: { [text]: text },
  };
}

describe.each(TEST_DIALECTS)("hostile texts on %s", (dialect) => {
  let store: TestMetastore;
  let version: number;
  beforeAll(async () => {
    store = await openTestMetastore(dialect);
    version = await saveDag(store, "d");
  });
  afterAll(() => store.close());

  test.each(Object.entries(CALLS))("%s takes them", async (_name, call) => {
    for (const text of HOSTILE) await expect(call(store, text, version)).resolves.not.toThrow();
  });

  test("a run is not made under an id that would be another one", async () => {
    for (const runId of [...HOSTILE, "", "x".repeat(251)]) {
      await expect(store.runs.createRun(newRun("d", version, { runId }))).rejects.toMatchObject({
        code: "conf_invalid",
      });
    }
    for (const runId of ["ünïcode 🐧", "x".repeat(250), "\ufffd"]) {
      expect(await store.runs.createRun(newRun("d", version, { runId }))).toMatchObject({ runId });
    }
  });

  test("of runs that are asked after together, one with such an id is not there, and the others are", async () => {
    const run = await store.runs.createRun(newRun("d", version, { runId: "asked" }));
    const wanted = [...HOSTILE, "asked"].map((runId) => ({ team: TEAM, dagId: "d", runId }));
    const summaries = await store.runs.findRunSummaries(wanted);
    expect(summaries.at(-1)).toMatchObject({ runId: run.runId });
    expect(summaries.slice(0, -1)).toEqual(HOSTILE.map(() => undefined));
  });

  test("a pass is written with all its instances, whatever one of them failed with", async () => {
    const made = await store.runs.createRun(newRun("d", version, { runId: "pass" }));
    const [claimed] = await store.runs.claimRuns({ owner: "o", leaseMs: 60_000, limit: 99, deadOwners: [] });
    expect(claimed).toBeDefined();
    const instances = HOSTILE.map((text, index): TaskInstance => ({
      ...UNTOUCHED,
      taskId: `t${index}`,
      mapIndex: UNMAPPED,
      maxTries: 1,
      state: "failed",
      cacheReason: { code: "other", detail: { what: text } },
      error: { code: text, message: text } as never,
    }));
    await store.results.write(made.team, [{ digest: sha256("1"), bytes: Buffer.from("1") }]);
    const outcome = await store.runs.writePass({
      runId: made.id,
      owner: "o",
      run: {
        leaves: "queued",
        state: "running",
        startedAt: 1,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: instances.map((instance) => ({ instance, leaves: null })),
      removed: [],
      xcoms: HOSTILE.map((key, index) => ({
        taskId: `t${index}`,
        mapIndex: UNMAPPED,
        key,
        digest: sha256("1"),
        sizeBytes: 1,
        store: null,
      })),
    });
    expect(outcome.kind).toBe("written");
    const read = await store.runs.listTaskInstances(TEAM, made.id);
    expect(read).toHaveLength(HOSTILE.length);
    for (const { taskId, error, cacheReason } of read) {
      expect(cacheReason).toEqual({ code: "other", detail: { what: HOSTILE[Number(taskId.slice(1))] } });
      expect(error?.message).toBe(STORED[Number(taskId.slice(1))]);
    }
  });
});

// Every method of every store, called as one team about what another team has under the same names.

import { digestOfRequest, sha256, type AskingAttempt, type DagRun, type HumanRequest } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { NO_COUNTS, type CacheDecision } from "@memodag/result-cache";
import { NO_VALUE_COUNTS } from "@memodag/value-cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { artifact, bytesOf, dagFile, instance, newRun, saveDag, serializedDag } from "./dags-and-runs.ts";

const [ANTS, BEES] = ["ants", "bees"];
/** Names that both teams could have. */
const DAG = "shared";
const TASK = { taskId: "fit", mapIndex: -1 };
const record = cacheRecord("shared", { team: ANTS, dagId: DAG, taskId: TASK.taskId });
const { key } = record;
const NAME = sha256("a name of bytes");
const value = bytesOf("value of shared");
const ENTRY = "tiles/1";
const ATTEMPT = "attempt of ants";
const ASK = { taskId: "ask", mapIndex: -1 };
const QUESTION: HumanRequest = {
  subject: "Deploy?",
  body: null,
  options: ["yes", "no"],
  multiple: false,
  defaults: ["no"],
  params: {},
  assignedUsers: [],
};
const ACTOR = { kind: "os_user", name: "bee", host: "hive" } as const;
const EVERY_ENTRY = { prefix: "", isDeep: true, limit: 9 };
const OF_BEES = { team: BEES, cache: "rates" };
const rate = (text: string) => ({ value: { kind: "json", text } as const, ttlMs: null, keepMs: null });
const placeOf = ({ team, id }: DagRun) => ({ team, cache: "", scopeId: String(id) });
const actor = { kind: "os_user", name: "eve", host: "host" } as const;
/** The logical date of the run of ants. */
const ANTS_DATE = 1_000;
const RETURNED = { ...TASK, key: "return_value", digest: value.digest, sizeBytes: value.bytes.length };

/** What a case works with: a run of ants, one of bees, and bees' own version of the Dag. */
interface World {
  readonly metastore: TestMetastore;
  readonly antsRun: DagRun;
  readonly beesRun: DagRun;
  readonly beesVersion: number;
}

/** Why a method has no team: it is not about what teams have, or whoever calls it has all of them in hand. */
type Teamless = string;

/** Calls a method as bees; resolves to what they got, and what that has to be. */
type Case = (world: World) => Promise<readonly [got: unknown, expected: unknown]>;

const NONE = new Map();
const ofScheduler: Teamless = "schedulers carry out the runs of all teams, and never show one's to another";
const ofAdmin: Teamless = "the installation's, and no team's";

const ofAttempt: Teamless = "by an attempt's id, which its scheduler made, or its host was given by it";
const ofHost: Teamless = "a host's own, or the installation's: what it may start is what its token says";
const ANTS_LOG = { team: BEES, dagId: DAG, runId: "r1", ...TASK, tryNumber: 1 };

const CASES: Readonly<Record<string, Case | Teamless>> = {
  "attemptLogs.append": async ({ metastore }) => {
    await metastore.attemptLogs.append({ ...ANTS_LOG, team: ANTS }, Buffer.from("of ants"));
    await metastore.attemptLogs.append(ANTS_LOG, Buffer.from("bees"));
    return [await metastore.attemptLogs.size({ ...ANTS_LOG, team: ANTS }), "of ants".length];
  },
  "attemptLogs.appendPart": ofAttempt,
  "attemptLogs.size": async ({ metastore }) => [
    await metastore.attemptLogs.size({ ...ANTS_LOG, tryNumber: 2 }),
    undefined,
  ],
  "attemptLogs.read": async ({ metastore }) => [
    await all(metastore.attemptLogs.read({ ...ANTS_LOG, tryNumber: 2 })),
    [],
  ],
  "attemptLogs.tail": async ({ metastore }) => [
    await all(metastore.attemptLogs.tail({ ...ANTS_LOG, tryNumber: 2 })),
    [],
  ],
  "attemptLogs.measure": async ({ metastore }) => [
    await metastore.attemptLogs.measure({ ...ANTS_LOG, runId: "none" }),
    { count: 0, sizeBytes: 0 },
  ],
  "attemptLogs.remove": async ({ metastore }) => [
    await metastore.attemptLogs.remove({ ...ANTS_LOG, runId: "none" }),
    { count: 0, sizeBytes: 0 },
  ],
  "attemptLogs.discard": "by a place that the store itself made of a team, a Dag and a run",
  "attemptLogs.placesOf": "a name, which says nothing of what is there",
  "attemptLogs.placeOf": "a name, which says nothing of what is there",
  "attemptLogs.scan": ofAdmin,
  "changes.watchAttempts": "says that something has changed, and not what",
  "remoteAttempts.add": ofScheduler,
  "remoteAttempts.statuses": ofScheduler,
  "remoteAttempts.outcomes": ofScheduler,
  "remoteAttempts.cancel": ofScheduler,
  "remoteAttempts.endLost": ofScheduler,
  "remoteAttempts.endNow": ofScheduler,
  "remoteAttempts.endWaiting": ofScheduler,
  "remoteAttempts.settle": ofScheduler,
  "remoteAttempts.listWaiting": ofScheduler,
  "remoteAttempts.removeStale": ofScheduler,
  "remoteAttempts.countByQueue": ofAdmin,
  "remoteAttempts.findLongestWait": "by the teams of a token; see remote-attempts.test.ts",
  "remoteAttempts.start": "by the teams of a token; see remote-attempts.test.ts",
  "remoteAttempts.find": ofAttempt,
  "remoteAttempts.end": ofAttempt,
  "remoteAttempts.addOutcomePart": ofAttempt,
  "remoteAttempts.dropOutcomeParts": ofAttempt,
  "workerHosts.register": ofHost,
  "workerHosts.beat": ofHost,
  "workerHosts.find": ofHost,
  "workerHosts.listNotices": ofHost,
  "workerHosts.linkChanged": ofHost,
  "workerHosts.leave": ofHost,
  "workerHosts.list": ofHost,
  "workerHosts.drain": ofHost,
  "workerHosts.removeGone": ofHost,
  "apiSessions.close": ofAdmin,
  "apiSessions.find": ofAdmin,
  "apiSessions.open": ofAdmin,
  "apiTokens.add": ofAdmin,
  "apiTokens.find": ofAdmin,
  "apiTokens.list": ofAdmin,
  "apiTokens.noteUse": ofAdmin,
  "apiTokens.revoke": ofAdmin,
  "processes.beat": ofAdmin,
  "processes.list": ofAdmin,
  "processes.remove": ofAdmin,
  "workerTokens.add": ofAdmin,
  "workerTokens.find": ofAdmin,
  "workerTokens.list": ofAdmin,
  "workerTokens.revoke": ofAdmin,
  "dags.saveDagFile": async ({ metastore }) => [
    await metastore.dags.saveDagFile({
      kind: "read",
      file: dagFile(`${DAG}.ts`, BEES, BEES),
      artifact,
      dags: [serializedDag(DAG, { schedule: "0 6 * * *" })],
      sources: [],
    }),
    undefined,
  ],
  "dags.removeDagFilesExcept": async ({ metastore }) => [
    await metastore.dags.removeDagFilesExcept("no bundle of ants", []),
    undefined,
  ],
  "dags.listDagFiles": async ({ metastore }) => [
    (await metastore.dags.listDagFiles(BEES)).map(({ team }) => team),
    [BEES],
  ],
  "dags.listDags": async ({ metastore }) => [
    (await metastore.dags.listDags(BEES)).map(({ team, dagId }) => [team, dagId]),
    [[BEES, DAG]],
  ],
  "dags.findDagVersions": async ({ metastore }) => [
    (await metastore.dags.findDagVersions(DAG, BEES)).map(({ team }) => team),
    [BEES],
  ],
  "dags.listCacheStorages": async ({ metastore }) => [await metastore.dags.listCacheStorages(BEES), []],
  "dags.getDagVersion": "by a number that only a run or a Dag of the team names",
  "dags.findTaskSources": async ({ metastore }) => [
    await metastore.dags.findTaskSources(BEES, [sha256("source")]),
    NONE,
  ],
  "dags.getArtifact": "by a digest that only a version of the team's Dag names",
  "dags.setPaused": async ({ metastore }) => [await metastore.dags.setPaused(BEES, DAG, true), true],

  "humans.findOwnRequest": async ({ metastore, antsRun }) => [
    await metastore.humans.findOwnRequest({ ...askedBy(antsRun), team: BEES }),
    undefined,
  ],
  "humans.openRequest": async ({ metastore, antsRun }) => [
    await codeOf(
      metastore.humans.openRequest(
        { ...askedBy(antsRun), team: BEES },
        { request: QUESTION, timeoutMs: null },
      ),
    ),
    "attempt_lost",
  ],
  "humans.expireRequest": async ({ metastore, antsRun }) => [
    await codeOf(metastore.humans.expireRequest({ ...askedBy(antsRun), team: BEES })),
    "attempt_lost",
  ],
  "humans.listOpenRequests": async ({ metastore }) => [
    await metastore.humans.listOpenRequests({ team: BEES }),
    [],
  ],
  "humans.findRequest": "by a run that its caller found by team",
  "humans.answerRequest": async ({ metastore, antsRun }) => {
    const answer = {
      ...ASK,
      team: BEES,
      dagRunId: antsRun.id,
      digest: digestOfRequest(QUESTION),
      chosen: ["yes"],
      params: {},
      user: { id: "bee", name: "bee" },
    };
    const act = { actor: ACTOR, action: "approvals.answer", team: BEES, filter: {} } as const;
    return [await metastore.humans.answerRequest(answer, act), { kind: "closed" }];
  },

  "entries.findBlobs": async ({ metastore }) => [
    await metastore.entries.findBlobs(BEES, [value.digest]),
    NONE,
  ],
  "entries.beginUpload": "an object's name is random, and was never another's",
  "entries.endUpload": "by the upload that the same scheduler began",
  "entries.save": async ({ metastore, antsRun, beesRun }) => {
    const [blob] = (await metastore.entries.findBlobs(ANTS, [value.digest])).values();
    const by = { ...TASK, runId: beesRun.id, attemptId: "of bees" };
    const how = { isNow: false, ifAbsent: false, ttlMs: null };
    const place = { ...placeOf(antsRun), team: BEES };
    return [
      await metastore.entries.save({ place, key: ENTRY, blobId: blob?.id ?? 0, by, ...how }),
      "blob_missing",
    ];
  },
  "entries.find": async ({ metastore, antsRun }) => [
    await metastore.entries.find({ ...placeOf(antsRun), team: BEES }, ENTRY, ATTEMPT),
    undefined,
  ],
  "entries.list": async ({ metastore, antsRun }) => [
    await metastore.entries.list({ ...placeOf(antsRun), team: BEES }, EVERY_ENTRY, ATTEMPT),
    [],
  ],
  "entries.listGroups": async ({ metastore, antsRun }) => [
    await metastore.entries.listGroups({ ...placeOf(antsRun), team: BEES }, "", ATTEMPT),
    [],
  ],
  "entries.findForKeys": async ({ metastore, antsRun }) => [
    await metastore.entries.findForKeys(
      [{ cache: "", pattern: "**", place: { ...placeOf(antsRun), team: BEES } }],
      { publish: [{ ...TASK, attemptId: ATTEMPT }], restore: [] },
      antsRun.id,
    ),
    [[]],
  ],
  "entries.listOfRun": async ({ metastore, antsRun }) => [
    await metastore.entries.listOfRun(BEES, antsRun.id, { limit: 9 }),
    [],
  ],
  "entries.listPlaces": async ({ metastore }) => [await metastore.entries.listPlaces(BEES, ""), []],
  "entries.sumCache": async ({ metastore }) => [
    await metastore.entries.sumCache(BEES, ""),
    { entries: 0, sizeBytes: 0 },
  ],
  "entries.restore": async ({ metastore, beesRun }) => {
    const [blob = null] = (await metastore.entries.findBlobs(ANTS, [value.digest])).values();
    const entry = { place: placeOf(beesRun), key: ENTRY, blob, ttlMs: null };
    const restored = metastore.entries.restore({ ...TASK, runId: beesRun.id }, [entry]);
    return [await restored.catch(() => "refused"), "refused"];
  },
  "entries.remove": async ({ metastore, antsRun }) => [
    await metastore.entries.remove({ ...placeOf(antsRun), team: BEES }, { prefix: "" }),
    0,
  ],
  "entries.findNames": async ({ metastore }) => [await metastore.entries.findNames(BEES, [NAME]), new Set()],
  "entries.touch": async ({ metastore, antsRun }) => [
    await metastore.entries.touch({ ...placeOf(antsRun), team: BEES }, { kind: "key", key: ENTRY }),
    undefined,
  ],
  "entries.collect": ofAdmin,
  "entries.evict": ofAdmin,
  "entries.excess": ofAdmin,
  "entries.listBlobs": ofAdmin,
  "entries.findBlobNames": ofAdmin,
  "entries.forgetBlob": ofAdmin,
  "entries.amount": ofAdmin,
  "entries.forgetLoose": async ({ metastore }) => [
    await metastore.entries.forgetLoose([{ team: BEES, store: "s3", name: NAME }]),
    undefined,
  ],

  "valueCaches.find": async ({ metastore }) => [await metastore.valueCaches.find(OF_BEES, ["EUR"]), NONE],
  "valueCaches.put": async ({ metastore }) => [
    await metastore.valueCaches.put(OF_BEES, "EUR", rate("2"), null),
    "stored",
  ],
  "valueCaches.delete": async ({ metastore }) => [await metastore.valueCaches.delete(OF_BEES, "USD"), false],
  "valueCaches.clear": async ({ metastore }) => {
    await metastore.valueCaches.clear(OF_BEES, undefined);
    return [await metastore.valueCaches.clear(OF_BEES, undefined), 0];
  },
  "valueCaches.tryAcquire": async ({ metastore }) => [
    await metastore.valueCaches.tryAcquire(OF_BEES, "USD", "bees", 600_000),
    { kind: "acquired", token: expect.any(Number) },
  ],
  "valueCaches.tryRenew": async ({ metastore }) => [
    await metastore.valueCaches.tryRenew(OF_BEES, "GBP", 1, 600_000),
    false,
  ],
  "valueCaches.release": async ({ metastore }) => [
    await metastore.valueCaches.release(OF_BEES, "GBP", 1),
    undefined,
  ],
  "valueCaches.size": async ({ metastore }) => [await metastore.valueCaches.size(OF_BEES), 0],
  "valueCaches.listKeys": async ({ metastore }) => [await metastore.valueCaches.listKeys(OF_BEES, 9), []],
  "valueCaches.addCounts": async ({ metastore }) => [
    await metastore.valueCaches.addCounts(OF_BEES, { ...NO_VALUE_COUNTS, hits: 1 }),
    undefined,
  ],
  "valueCaches.readCounts": async ({ metastore }) => [
    (await metastore.valueCaches.readCounts(OF_BEES)).misses,
    0,
  ],
  "valueCaches.close": ofAdmin,

  "runs.findRun": async ({ metastore, antsRun }) => [
    await metastore.runs.findRun(BEES, DAG, antsRun.runId),
    undefined,
  ],
  "runs.findRunIds": async ({ metastore, antsRun }) => [
    await metastore.runs.findRunIds(BEES, [antsRun.id]),
    NONE,
  ],
  "runs.findRunSummaries": async ({ metastore, antsRun }) => [
    await metastore.runs.findRunSummaries([{ team: BEES, dagId: DAG, runId: antsRun.runId }]),
    [undefined],
  ],
  "runs.listDatedRuns": async ({ metastore }) => [
    await metastore.runs.listDatedRuns(BEES, DAG, [ANTS_DATE]),
    NONE,
  ],
  "runs.listRuns": async ({ metastore }) => [
    (await metastore.runs.listRuns({ team: BEES, limit: 9 })).every(({ team }) => team === BEES),
    true,
  ],
  "views.listRevisions": async ({ metastore }) => [
    (await metastore.views.listRevisions({ team: BEES, endedSince: 0 })).every(({ team }) => team === BEES),
    true,
  ],
  "views.sumUp": async ({ metastore, antsRun }) => [await metastore.views.sumUp(BEES, [antsRun.id]), NONE],
  "views.sumByDay": async ({ metastore }) => [
    (await metastore.views.sumByDay({ team: BEES, by: "date", from: 0, before: ANTS_DATE + 1 })).length,
    0,
  ],
  "views.listFailures": async ({ metastore }) => [
    (await metastore.views.listFailures(BEES, 0, 9)).every(({ team }) => team === BEES),
    true,
  ],
  "views.listPoolUse": ofAdmin,
  "views.listWaitingTasks": ofAdmin,
  "views.countOwedCallbacks": ofAdmin,
  "views.countMisses": async ({ metastore }) => [await metastore.views.countMisses("none of theirs", 0), []],
  "views.listTaskMisses": async ({ metastore }) => [
    await metastore.views.listTaskMisses("none of theirs", 0, 9),
    [],
  ],
  "views.findVersionDigests": async ({ metastore, antsRun }) => [
    await metastore.views.findVersionDigests(BEES, [antsRun.dagVersionId]),
    NONE,
  ],
  "views.listRunningTasks": async ({ metastore, antsRun }) => [
    await metastore.views.listRunningTasks(BEES, [antsRun.id]),
    NONE,
  ],
  "views.listTries": async ({ metastore, antsRun }) => [
    await metastore.views.listTries(BEES, antsRun.id, { limit: 9 }),
    [],
  ],
  "views.listInstances": async ({ metastore, antsRun }) => [
    await metastore.views.listInstances(BEES, antsRun.id, { limit: 9 }),
    undefined,
  ],
  "runs.listTaskInstances": async ({ metastore, antsRun }) => [
    await metastore.runs.listTaskInstances(BEES, antsRun.id),
    [],
  ],
  "runs.findRecheckDifferences": async ({ metastore: { runs } }) => [
    [
      (await runs.findRecheckDifferences(ANTS, DAG, TASK.taskId))?.lastRunId,
      await runs.findRecheckDifferences(BEES, DAG, TASK.taskId),
    ],
    ["ants-run", undefined],
  ],
  "runs.listXComs": async ({ metastore, antsRun }) => [
    [
      await metastore.runs.listXComs(BEES, antsRun.id),
      await metastore.runs.listXComs(BEES, antsRun.id, TASK),
    ],
    [[], []],
  ],
  "runs.findShownDigests": async ({ metastore }) => [
    await metastore.runs.findShownDigests(BEES, "s3", [value.digest]),
    new Set(),
  ],
  "runs.claimRuns": ofScheduler,
  "runs.listInterruptedRuns": async ({ metastore }) => [
    await metastore.runs.listInterruptedRuns({ team: BEES, deadOwners: [] }),
    [],
  ],
  "runs.listLeaseOwners": ofScheduler,
  "runs.renewLeases": ofScheduler,
  "runs.releaseLeases": ofScheduler,
  "runs.listChangedRuns": ofScheduler,
  "runs.reloadRun": ofScheduler,
  "runs.clearTasks": async ({ metastore, antsRun }) => [
    await metastore.runs.clearTasks(BEES, antsRun.id, [
      { taskId: TASK.taskId, retries: 0, refreshReason: null },
    ]),
    [],
  ],
  "runs.markTasks": async ({ metastore, antsRun }) => [
    await metastore.runs.markTasks(BEES, antsRun.id, {
      tasks: [TASK],
      state: "failed",
      error: { code: "task_failed", message: "by hand" },
      cleared: [],
    }),
    [],
  ],
  "runs.cancelRun": async ({ metastore, antsRun }) => [
    await metastore.runs.cancelRun(BEES, antsRun.id, {
      taskIds: [TASK.taskId],
      error: { code: "task_killed", message: "cancelled" },
    }),
    undefined,
  ],
  "runs.writePass": async ({ metastore, beesRun }) => [
    // Bytes of ants, by their digest and without having them: there are none for bees.
    await metastore.runs.writePass(passOf(beesRun, "bees-scheduler")),
    { kind: "bytes_missing", digests: [value.digest] },
  ],
  "runs.listPreviousCacheKeys": async ({ metastore }) => [
    await metastore.runs.listPreviousCacheKeys(BEES, DAG, 1_000, 10),
    [],
  ],

  "runRetention.removeRuns": async ({ metastore, antsRun }) => [
    await metastore.runRetention.removeRuns(BEES, [antsRun.id]),
    { kind: "refused", id: antsRun.id, obstacle: "missing", state: null },
  ],
  "runRetention.countReferences": async ({ metastore }) => [
    await metastore.runRetention.countReferences(BEES, [value.digest]),
    NONE,
  ],
  ...Object.fromEntries(
    [
      "count",
      "drain",
      "findAwaited",
      "forgetRemoved",
      "listInProgress",
      "listOld",
      "listRemoved",
      "listSizes",
      "listSurplus",
      "listValues",
      "listVersionsInProgress",
      "removeOld",
      "removePart",
    ].map((method) => [`runRetention.${method}`, ofAdmin]),
  ),

  "schedules.readClock": ofScheduler,
  "schedules.listDueDags": ofScheduler,
  "schedules.writePlan": async ({ metastore, beesVersion }) => {
    await metastore.dags.setPaused(BEES, DAG, false);
    const { dags } = await metastore.schedules.listDueDags(ANTS_DATE);
    const leaves = dags.find(({ team }) => team === BEES);
    if (!leaves) throw new Error("a new version is to be planned");
    // Ants have run that date: bees may, too.
    const run = newRun(DAG, beesVersion, { team: BEES, runId: "planned", logicalDate: ANTS_DATE });
    const plan = { leaves, nextDate: ANTS_DATE + 1, lastDate: ANTS_DATE, run, maxActiveRuns: 9 };
    return [
      await metastore.schedules.writePlan(plan),
      { kind: "planned", run: expect.objectContaining({ team: BEES, logicalDate: ANTS_DATE }) },
    ];
  },

  "callbacks.begin": ofScheduler,
  "callbacks.claim": ofScheduler,
  "callbacks.listOwners": ofScheduler,
  "callbacks.release": ofScheduler,
  "callbacks.remove": ofScheduler,
  "callbacks.renew": ofScheduler,

  "changes.watchRuns": ofScheduler,

  "records.find": async ({ metastore }) => [await metastore.records.find(BEES, [key]), NONE],
  "records.put": async ({ metastore }) => {
    const own = { ...record, team: BEES, xcoms: [{ ...record.xcoms[0]!, digest: sha256("bees") }] };
    const put = await metastore.records.put(own, "replace");
    await metastore.records.purge({ team: BEES });
    return [put, { kind: "stored" }];
  },
  "records.putAll": async ({ metastore }) => {
    const own = { ...record, team: BEES, xcoms: [{ ...record.xcoms[0]!, digest: sha256("bees") }] };
    const put = await metastore.records.putAll?.([{ record: own, mode: "replace" }]);
    await metastore.records.purge({ team: BEES });
    return [put, [{ kind: "stored" }]];
  },
  "records.touch": async ({ metastore }) => [
    await metastore.records.touch(BEES, [{ key, count: 7 }]),
    undefined,
  ],
  "records.list": async ({ metastore }) => [
    [
      await metastore.records.list({ team: BEES }, { limit: 9, offset: 0 }),
      await metastore.records.list(
        { team: BEES, keyPrefix: key.slice(0, 4) },
        { limit: 9, offset: 0, sort: "hits" },
      ),
    ],
    [[], []],
  ],
  "records.stats": async ({ metastore }) => [await metastore.records.stats({ team: BEES, dagId: DAG }), []],
  "records.count": async ({ metastore }) => [await metastore.records.count({ team: BEES, key }), 0],
  "records.purge": async ({ metastore }) => [
    [await metastore.records.purge({ team: BEES }), await metastore.records.purge({ team: BEES, key })],
    [0, 0],
  ],
  "records.findRemovals": async ({ metastore }) => [
    await metastore.records.findRemovals?.(BEES, [sha256("purged by ants")]),
    NONE,
  ],
  "records.retention": ofAdmin,
  "recordRetention.listExpired": ofAdmin,
  "recordRetention.listLeastUsed": ofAdmin,
  "recordRetention.amount": ofAdmin,
  "recordRetention.scan": ofAdmin,
  "recordRetention.deleteUnused": async ({ metastore }) => {
    const retention = await metastore.records.retention?.();
    const [own] = await metastore.records.list({ team: ANTS, key }, { limit: 1, offset: 0 });
    if (!own) throw new Error("ants have a record");
    const listed = { ...own, team: BEES, sizeBytes: 1, usedAt: own.lastHitAt ?? own.createdAt };
    return [await retention?.deleteUnused([listed], "evicted"), { count: 0, sizeBytes: 0 }];
  },
  "recordRetention.findNamed": async ({ metastore }) => [
    await (
      await metastore.records.retention?.()
    )?.findNamed(
      BEES,
      record.xcoms.map(({ digest }) => digest),
    ),
    new Set(),
  ],

  "results.read": async ({ metastore }) => [await metastore.results.read(BEES, [value.digest]), NONE],
  "results.write": async ({ metastore }) => {
    // The same digest, other bytes: a lie that is bees' own affair.
    const lie = { digest: value.digest, bytes: bytesOf("lie").bytes };
    const written = await metastore.results.write(BEES, [lie]);
    await metastore.results.delete(BEES, [value.digest]);
    return [written, undefined];
  },
  "results.delete": async ({ metastore }) => [
    await metastore.results.delete(BEES, [value.digest]),
    undefined,
  ],
  "results.retention": ofAdmin,

  // For tasks' results by the digests of their own team, and for collections.
  "written.note": async ({ metastore }) => {
    const noted = await metastore.written.note("s3", BEES, [{ digest: value.digest, sizeBytes: 9 }]);
    await metastore.written.condemn("s3", BEES, [value.digest], -1);
    await metastore.written.forget("s3", BEES, [value.digest]);
    return [noted, []];
  },
  "written.scan": ofAdmin,
  "written.findNoted": async ({ metastore }) => [
    await metastore.written.findNoted("s3", BEES, [value.digest]),
    new Set(),
  ],
  "written.condemn": async ({ metastore }) => [
    await metastore.written.condemn("s3", BEES, [value.digest], -1),
    [],
  ],
  "written.forget": async ({ metastore }) => [
    await metastore.written.forget("s3", BEES, [value.digest]),
    undefined,
  ],
  "written.adopt": ofAdmin,

  "bytes.read": async ({ metastore }) => [await metastore.bytes.read(BEES, NAME), undefined],
  "bytes.write": async ({ metastore }) => {
    const lie = bytesOf("lie");
    await metastore.bytes.write(BEES, NAME, lie.bytes, { sizeBytes: 3, sha256: lie.digest });
    await metastore.bytes.delete(BEES, [NAME]);
    return [undefined, undefined];
  },
  "bytes.stat": async ({ metastore }) => [await metastore.bytes.stat(BEES, [NAME]), NONE],
  "bytes.delete": async ({ metastore }) => [await metastore.bytes.delete(BEES, [NAME]), undefined],
  "bytes.list": ofAdmin,
  "bytes.close": ofAdmin,
  "resultRetention.scan": ofAdmin,
  "resultRetention.sizesOf": async ({ metastore }) => [
    await (await metastore.results.retention?.())?.sizesOf(BEES, [value.digest]),
    NONE,
  ],
  "resultRetention.deleteUnnamed": async ({ metastore }) => [
    await (await metastore.results.retention?.())?.deleteUnnamed(BEES, [value.digest], 0),
    { count: 0, sizeBytes: 0 },
  ],

  "counters.add": async ({ metastore }) => [
    await metastore.counters.add([{ team: BEES, dagId: DAG, taskId: TASK.taskId, counts: NO_COUNTS }]),
    undefined,
  ],
  "counters.list": async ({ metastore }) => [
    (await metastore.counters.list({ team: BEES, dagId: DAG })).every(({ team }) => team === BEES),
    true,
  ],

  "decisions.keep": async ({ metastore, beesRun }) => [
    await metastore.decisions.keep([decisionOf(beesRun, "bees")]),
    undefined,
  ],
  "decisions.find": async ({ metastore, antsRun }) => [
    await metastore.decisions.find(BEES, antsRun.id, TASK),
    undefined,
  ],
  "decisions.listEarlier": async ({ metastore, beesRun }) => [
    await metastore.decisions.listEarlier([decisionOf(beesRun, "next")], 9),
    [[]],
  ],
  "decisions.listOfRun": async ({ metastore, antsRun }) => [
    await metastore.decisions.listOfRun(BEES, antsRun.id),
    [],
  ],
  "decisions.wasStored": async ({ metastore, beesRun, antsRun }) => [
    // Ants stored that; of their own next run they are told.
    [
      await metastore.decisions.wasStored(decisionOf(beesRun, "ants")),
      await metastore.decisions.wasStored({ ...decisionOf(antsRun, "ants"), dagRunId: -1 }),
    ],
    [false, true],
  ],
  "decisions.amount": ofAdmin,
  "decisions.deleteBatch": ofAdmin,

  "keyMemos.find": async ({ metastore }) => {
    await metastore.keyMemos.put(ANTS, new Map([[value.digest, '"of ants"']]));
    return [await metastore.keyMemos.find(BEES, [value.digest]), NONE];
  },
  "keyMemos.put": async ({ metastore }) => [
    await metastore.keyMemos.put(BEES, new Map([[value.digest, '"of bees"']])),
    undefined,
  ],
  "keyMemos.amount": ofAdmin,
  "keyMemos.deleteBatch": ofAdmin,

  "superseded.amount": ofAdmin,
  "superseded.findArtifacts": ofAdmin,
  ...Object.fromEntries(
    ["audit", "sources", "staleRows"].flatMap((store) =>
      ["amount", "deleteBatch"].map((method) => [`${store}.${method}`, ofAdmin]),
    ),
  ),
  "superseded.deleteBatch": ofAdmin,
  "freeSpace.giveBack": ofAdmin,
  "cacheSwitch.find": ofAdmin,
  "cacheSwitch.list": ofAdmin,
  "cacheSwitch.turn": ofAdmin,
  "breakers.report": ofAdmin,
  "breakers.list": ofAdmin,

  "audit.begin": "an act says its team itself",
  "audit.end": "by the number that beginning it gave",
  "audit.write": "an act says its team itself",
  "audit.list": async ({ metastore }) => [await metastore.audit.list({ team: BEES, limit: 9 }), []],

  "leases.tryAcquire": async ({ metastore }) => {
    const claim = await metastore.leases.tryAcquire(BEES, key, "bees", 60_000);
    if (claim.kind === "acquired") await metastore.leases.release(BEES, key, claim.token);
    return [claim.kind, "acquired"];
  },
  "leases.tryRenew": async ({ metastore }) => [
    await metastore.leases.tryRenew(BEES, key, await antsToken(metastore), 60_000),
    false,
  ],
  "leases.releaseAll": "by leases that the same scheduler holds",
  "leases.renewAll": async ({ metastore }) => [
    await metastore.leases.renewAll?.([{ team: BEES, key, token: await antsToken(metastore) }], 60_000),
    [false],
  ],
  "leases.list": async ({ metastore }) => {
    await antsToken(metastore);
    return [await metastore.leases.list(BEES), []];
  },
  "leases.tryRevoke": async ({ metastore }) => {
    await antsToken(metastore);
    return [await metastore.leases.tryRevoke(BEES, key), false];
  },
  "leases.release": async ({ metastore }) => [
    await metastore.leases.release(BEES, key, await antsToken(metastore)),
    undefined,
  ],

  "runs.countWaiting": async ({ metastore }) => [await metastore.runs.countWaiting(BEES), []],
  "runs.listUnsettledRuns": ofScheduler,
  "runs.loadEndedRun": "by a number that only a run of the team names",
  "runs.meanDurations": async ({ metastore }) => [
    await metastore.runs.meanDurations(BEES, "none of theirs", 3),
    NONE,
  ],
  "runs.durationRanges": async ({ metastore }) => [
    await metastore.runs.durationRanges(BEES, "none of theirs", 3),
    NONE,
  ],
  "runs.isRollingBack": async ({ metastore }) => [
    await metastore.runs.isRollingBack({ team: BEES, dagId: DAG }, "load", 0),
    false,
  ],
  "runs.findTransactions": "by a run that its caller found by team",
  "runs.createRun": async ({ metastore, beesVersion, antsRun }) => [
    // Last, since from then on bees have it. The same name as a run of ants: no conflict between teams.
    (await metastore.runs.createRun(newRun(DAG, beesVersion, { team: BEES, runId: antsRun.runId }))).team,
    BEES,
  ],
};

describe.each(TEST_DIALECTS)("two teams with the same names, on %s", (dialect) => {
  let world: World;
  let close: () => Promise<void>;
  let before: unknown;

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    close = () => metastore.close();
    const antsRun = await settle(metastore);
    const beesVersion = await saveDag(metastore, DAG, BEES);
    const beesRun = await metastore.runs.createRun(
      newRun(DAG, beesVersion, { team: BEES, runId: "bees-run" }),
    );
    await metastore.runs.claimRuns({
      owner: "bees-scheduler",
      leaseMs: 600_000,
      limit: 9,
      deadOwners: [],
      dag: { team: BEES, dagId: DAG },
    });
    world = { metastore, antsRun, beesRun, beesVersion };
    before = await everythingOf(world);
  });
  afterAll(() => close());

  test("every method of every store is looked at", async () => {
    expect((await listMethods(world.metastore)).sort()).toEqual(Object.keys(CASES).sort());
  });

  for (const [name, one] of Object.entries(CASES)) {
    if (typeof one === "string") continue;
    test(`${name} shows and changes nothing of the other team's`, async () => {
      const [got, expected] = await one(world);
      expect(got).toEqual(expected);
      expect(await everythingOf(world)).toEqual(before);
    });
  }
});

/** Gives ants a Dag, a finished run with a value, and all that a cache remembers of it. */
async function settle(metastore: TestMetastore): Promise<DagRun> {
  const file = dagFile(`${DAG}.ts`, ANTS, ANTS);
  await metastore.dags.saveDagFile({
    kind: "read",
    file,
    artifact,
    dags: [serializedDag(DAG)],
    sources: [{ sourceHash: sha256("source"), mode: "slice", components: [] }],
  });
  const [version] = await metastore.dags.findDagVersions(DAG, ANTS);
  const run = await metastore.runs.createRun(
    newRun(DAG, version?.id ?? 0, { team: ANTS, runId: "ants-run", logicalDate: ANTS_DATE }),
  );
  await metastore.runs.claimRuns({ owner: "ants-scheduler", leaseMs: 600_000, limit: 1, deadOwners: [] });
  await metastore.results.write(ANTS, [value]);
  const check = { sizeBytes: value.bytes.length, sha256: value.digest };
  await metastore.bytes.write(ANTS, NAME, value.bytes, check);
  await metastore.written.note("s3", ANTS, [{ digest: value.digest, sizeBytes: value.bytes.length }]);
  expect(await metastore.runs.writePass(passOf(run, "ants-scheduler"))).toEqual({ kind: "written" });
  await metastore.humans.openRequest(askedBy(run), { request: QUESTION, timeoutMs: null });
  await metastore.records.put(record, "keep-live");
  await metastore.records.put(cacheRecord("purged by ants", { team: ANTS, dagId: DAG }), "keep-live");
  await metastore.records.purge({ team: ANTS, key: sha256("purged by ants") });
  await metastore.records.touch(ANTS, [{ key, count: 1 }]);
  await metastore.counters.add([
    { team: ANTS, dagId: DAG, taskId: TASK.taskId, counts: { ...NO_COUNTS, hits: 1 } },
  ]);
  await metastore.decisions.keep([decisionOf(run, "ants")]);
  await metastore.audit.write({ actor, action: "dags.run", team: ANTS, filter: { dagId: DAG } }, 1);
  await metastore.leases.tryAcquire(ANTS, key, "ants", 600_000);
  const upload = { team: ANTS, store: "s3", name: NAME };
  await metastore.entries.beginUpload(upload);
  const blob = await metastore.entries.endUpload(upload, {
    digest: value.digest,
    sizeBytes: value.bytes.length,
  });
  const by = { ...TASK, runId: run.id, attemptId: ATTEMPT };
  const entry = { place: placeOf(run), key: ENTRY, blobId: blob.id, by };
  await metastore.entries.save({ ...entry, isNow: false, ifAbsent: false, ttlMs: null });
  await metastore.valueCaches.put({ team: ANTS, cache: "rates" }, "EUR", rate("1"), null);
  return run;
}

function passOf(run: DagRun, owner: string) {
  return {
    runId: run.id,
    owner,
    run: {
      leaves: "queued",
      state: "success",
      startedAt: 1,
      endedAt: 2,
      processesSpawned: 0,
      lookups: 0,
    },
    instances: [
      {
        instance: instance(TASK.taskId, {
          state: "success",
          cacheStatus: "populated",
          cacheReason: { code: "recheck_differs", detail: { storedDigest: "d" } },
          cacheKey: key,
        }),
        leaves: null,
      },
      { instance: instance(ASK.taskId, { state: "running", attemptId: ATTEMPT }), leaves: null },
    ],
    removed: [],
    xcoms: [
      { ...RETURNED, store: null },
      { ...RETURNED, key: "large", store: "s3" },
    ],
  } as const;
}

function askedBy({ team, dagId, runId }: DagRun): AskingAttempt {
  return { ...ASK, team, dagId, runId, tryNumber: 1, attemptId: ATTEMPT };
}

/** The code of the error that a call rejects with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "nothing was thrown",
    (error: unknown) => (error as { code: string }).code,
  );
}

function decisionOf(run: DagRun, name: string): CacheDecision {
  return {
    team: run.team,
    dagId: DAG,
    runId: run.runId,
    dagRunId: run.id,
    ...TASK,
    key: sha256(name),
    reason: "first_run",
    detail: null,
    comparedWith: null,
    comparedRunId: null,
    changes: [],
    components: record.components,
  };
}

/** The token of the lease that ants hold; taking it again under the same name gives another. */
async function antsToken({ leases }: TestMetastore): Promise<number> {
  const claim = await leases.tryAcquire(ANTS, key, "ants", 600_000);
  if (claim.kind !== "acquired") throw new Error("ants lost their lease");
  return claim.token;
}

/** All that ants have, as they see it. */
async function everythingOf({ metastore, antsRun }: World): Promise<unknown> {
  const { dags, runs, records, results, bytes, counters, decisions, audit, leases } = metastore;
  return {
    files: await dags.listDagFiles(ANTS),
    dags: await dags.listDags(ANTS),
    versions: await dags.findDagVersions(DAG, ANTS),
    sources: await dags.findTaskSources(ANTS, [sha256("source")]),
    runs: await runs.listRuns({ team: ANTS, limit: 9 }),
    instances: await runs.listTaskInstances(ANTS, antsRun.id),
    xcoms: await runs.listXComs(ANTS, antsRun.id),
    bytes: await results.read(ANTS, [value.digest]),
    stored: (await bytes.stat(ANTS, [NAME])).get(NAME)?.sizeBytes,
    noted: await metastore.written.findNoted("s3", ANTS, [value.digest]),
    shown: await runs.findShownDigests(ANTS, "s3", [value.digest]),
    records: (await records.list({ team: ANTS }, { limit: 9, offset: 0 })).map((one) => ({
      ...one,
      ageMs: 0,
    })),
    stats: await records.stats({ team: ANTS }),
    removals: await records.findRemovals?.(ANTS, [sha256("purged by ants"), key]),
    counters: await counters.list({ team: ANTS }),
    decision: await decisions.find(ANTS, antsRun.id, TASK),
    audit: await audit.list({ team: ANTS, limit: 9 }),
    lease: await leases.tryAcquire(ANTS, key, "somebody else", 1),
    entry: await metastore.entries.find(placeOf(antsRun), ENTRY, ATTEMPT),
    asked: (await metastore.humans.listOpenRequests({ team: ANTS })).map(({ request }) => request),
    rate: (await metastore.valueCaches.find({ team: ANTS, cache: "rates" }, ["EUR"])).get("EUR")?.value,
  };
}

/** `store.method` of all that an open database has, and of what collects from it. */
async function listMethods(metastore: TestMetastore): Promise<string[]> {
  const stores = {
    ...metastore,
    recordRetention: await metastore.records.retention?.(),
    resultRetention: await metastore.results.retention?.(),
  };
  return Object.entries(stores).flatMap(([name, store]) => {
    if (typeof store !== "object") return [];
    const prototype = Object.getPrototypeOf(store) as object;
    const owner = prototype === Object.prototype ? store : prototype;
    return Object.getOwnPropertyNames(owner)
      .filter((method) => method !== "constructor")
      .map((method) => `${name}.${method}`);
  });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

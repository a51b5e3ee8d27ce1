import { sha256 } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Collector, Verifier, type Collection } from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { bytesOf, createRun, dagFile, instance, serializedDag } from "./dags-and-runs.ts";

const HOUR = 3_600_000;

describe.each(TEST_DIALECTS)("retention on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterEach(() => metastore.close());

  const passTime = (ms: number) =>
    metastore.execute(`
      update cache_record set created_at = created_at - ${ms}, expires_at = expires_at - ${ms};
      update result set created_at = created_at - ${ms};
      update dag_version set created_at = created_at - ${ms};
      update dag_artifact set created_at = created_at - ${ms}`);

  async function collect(maxSizeBytes: number | null = null): Promise<Collection> {
    const { superseded } = metastore;
    const [records, results] = [await metastore.records.retention?.(), await metastore.results.retention?.()];
    return await new Collector({ records, results: [results], superseded, maxSizeBytes }).collect();
  }

  /** Has a run return bytes that the cache has, too. */
  async function show(text: string): Promise<void> {
    const run = await createRun(metastore, `shows ${text}`);
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 9, deadOwners: [] });
    const { digest, bytes } = bytesOf(text);
    const xcom = {
      taskId: "a",
      mapIndex: -1,
      key: "return_value",
      digest,
      sizeBytes: bytes.length,
      store: null,
    };
    await metastore.results.write("red", [{ digest, bytes }]);
    const outcome = await metastore.runs.writePass({
      runId: run.id,
      owner: "me",
      run: {
        leaves: "queued",
        state: "running",
        startedAt: 1,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [{ instance: instance("a"), leaves: null }],
      removed: [],
      xcoms: [xcom],
      limits: { maxActiveTasks: 16, poolSlots: new Map() },
    });
    expect(outcome).toEqual({ kind: "written" });
  }

  test("keeps bytes that an XCom names, whatever becomes of the record", async () => {
    await show("shown");
    const { digest } = bytesOf("shown");
    const xcoms = [{ key: "return_value", digest, sizeBytes: 5 }];
    await metastore.records.put(cacheRecord("gone", { xcoms, ttlMs: 1 }), "keep-live");
    await passTime(2 * HOUR);
    expect(await collect()).toMatchObject({ expired: { count: 1 }, bytes: { count: 0 } });
    expect(await metastore.results.read("red", [digest])).toHaveProperty("size", 1);
  });

  test("shows verification everything that a record is sealed with", async () => {
    const removal = {
      cache: "",
      scope: "run",
      key: "k",
      digest: null,
      sizeBytes: 0,
      store: null,
      ttlMs: null,
    } as const;
    const record = { ...cacheRecord("sealed"), entries: [removal], seal: "12345678.90" };
    await metastore.records.put(record, "replace");
    const retention = await metastore.records.retention?.();
    const scanned = [];
    for await (const page of retention?.scan(10) ?? []) scanned.push(...page);
    const { team, key, xcoms, entries, seal } = record;
    expect(scanned).toMatchObject([{ team, key, xcoms, entries, seal, isFailure: false }]);
  });

  test("keeps the record of a key that is leased, until the lease has expired", async () => {
    const [leased, free] = [cacheRecord("leased", { ttlMs: 1 }), cacheRecord("free", { ttlMs: 1 })];
    for (const record of [leased, free]) await metastore.records.put(record, "keep-live");
    const lease = (expiresIn: number) =>
      metastore.execute(`delete from cache_lease; insert into cache_lease (team, key, token, holder, expires_at)
        select 'red', '${leased.key}', 1, 'me', max(created_at) + ${expiresIn} from cache_record`);
    await lease(60_000);
    await passTime(2 * HOUR);
    await lease(2 * HOUR + 60_000);
    expect((await collect(0)).expired.count).toBe(1);
    expect([...(await metastore.records.find("red", [leased.key, free.key])).keys()]).toEqual([leased.key]);
    await lease(1);
    expect((await collect()).expired.count).toBe(1);
  });

  test("collects versions and artifacts that newer ones took the place of, once no run names them", async () => {
    const save = async (text: string) => {
      const artifact = { digest: sha256(text), code: new TextEncoder().encode(text) };
      const dag = serializedDag("changing", { artifactDigest: artifact.digest, description: text });
      const file = dagFile("changing.ts", "red", "red");
      await metastore.dags.saveDagFile({ kind: "read", file, artifact, dags: [dag], sources: [] });
      const [version] = await metastore.dags.findDagVersions("changing", "red");
      return { id: version!.id, artifact: artifact.digest };
    };
    const [first, second, third] = [await save("one"), await save("two"), await save("three")];
    await metastore.execute(`
      insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode,
        created_at) values ('red', 'changing', 'r', 'manual', ${second.id}, 'success', '{}', '{}', 'use', 1)`);
    expect((await collect()).superseded).toEqual({ count: 0, sizeBytes: 0 });
    await passTime(2 * HOUR);
    expect(await metastore.superseded.amount(HOUR)).toEqual({ count: 1, sizeBytes: 0 });
    expect((await collect()).superseded).toEqual({ count: 2, sizeBytes: 3 });
    await expect(metastore.dags.getDagVersion(first.id)).rejects.toMatchObject({ code: "dag_not_found" });
    await expect(metastore.dags.getArtifact(first.artifact)).rejects.toMatchObject({
      code: "artifact_not_found",
    });
    for (const { id, artifact } of [second, third]) {
      expect((await metastore.dags.getDagVersion(id)).id).toBe(id);
      expect((await metastore.dags.getArtifact(artifact)).digest).toBe(artifact);
    }
  });

  test("finds damaged bytes of an XCom, removes the record that names them, and keeps the bytes", async () => {
    await show("worth keeping");
    const { digest, bytes } = bytesOf("worth keeping");
    const xcoms = [{ key: "return_value", digest, sizeBytes: bytes.length }];
    await metastore.records.put(cacheRecord("of a run", { xcoms }), "keep-live");
    await metastore.execute(`update result set bytes = cast('worth Keeping' as ${bytesType(dialect)})`);
    const verifier = new Verifier({
      records: { store: metastore.records, retention: (await metastore.records.retention!())! },
      results: { store: metastore.results, retention: (await metastore.results.retention!())! },
    });
    const found = await verifier.verify(true);
    expect(found.badRecords).toMatchObject([{ problem: "integrity_failed" }]);
    expect(found.damaged).toEqual([{ team: "red", digest, sizeBytes: bytes.length, isShown: true }]);
    expect(found.isSound).toBe(false);
    expect(await metastore.records.count({})).toBe(0);
    expect(await metastore.results.read("red", [digest])).toHaveProperty("size", 1);
  });
});

function bytesType(dialect: string): string {
  return dialect === "sqlite" ? "blob" : "bytea";
}

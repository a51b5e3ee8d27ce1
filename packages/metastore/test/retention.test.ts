import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { sha256 } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Collector, NO_COUNTS, Verifier, type Collection } from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { bytesOf, createRun, dagFile, instance, serializedDag } from "./dags-and-runs.ts";

const HOUR = 3_600_000;
const isLong = process.env["LONG"] === "1";
/** Seconds on a quiet machine; a slow disk that others use too takes many times as long. */
const timeout = isLong ? 300_000 : 60_000;

describe.each(TEST_DIALECTS)("retention on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterEach(() => metastore.close());

  // PostgreSQL keeps nobody waiting, and takes longer over each row.
  const many = (isLong ? 10_000 : 2_000) * (dialect === "sqlite" ? 5 : 1);

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

  test(`lets others write while ${many} records and their bytes go`, { timeout }, async ({ annotate }) => {
    await fill(many);
    const gone = await whileWriting(async () => await collect());
    expect(gone.value).toMatchObject({ expired: { count: many }, bytes: { count: many } });
    await annotate(`${dialect}: collecting took ${gone.told}`);
    expect(gone.longestMs).toBeLessThan(gone.generousMs);
    expect(gone.blockedMs).toBeLessThan(gone.generousMs);
  });

  test(`lets others write while ${many} records are purged`, { timeout }, async ({ annotate }) => {
    await fill(many);
    const gone = await whileWriting(async () => await metastore.records.purge({ team: "red" }));
    expect(gone.value).toBe(many);
    await annotate(`${dialect}: purging took ${gone.told}`);
    expect(gone.longestMs).toBeLessThan(gone.generousMs);
    expect(gone.blockedMs).toBeLessThan(gone.generousMs);
  });

  async function fill(count: number): Promise<void> {
    const record = `cast(i as text), 'dag', 'task', 'source', '{}', '[]', cast(i as text), 1, 'r', -1, 1, 1.5, 1, 2`;
    const numbers = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})`;
    await metastore.execute(`
      insert into result (team, digest, size_bytes, created_at, bytes)
        ${numbers} select 'red', cast(i as text), 1, 1, cast('1' as ${bytesType(dialect)}) from n;
      insert into cache_record (team, key, dag_id, task_id, source_hash, components, xcoms, result_digest,
          size_bytes, producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at, expires_at)
        ${numbers} select 'red', ${record} from n;
      insert into cache_record_result (team, digest, key)
        ${numbers} select 'red', cast(i as text), cast(i as text) from n`);
  }

  /** Does `work` while another process writes, and tells how long that and this thread had to wait. */
  async function whileWriting<T>(work: () => Promise<T>) {
    await metastore.counters.add([{ team: "writer", dagId: "d", taskId: "t", counts: NO_COUNTS }]);
    const script = fileURLToPath(new URL("fixtures/write-until-told.mjs", import.meta.url));
    const writer = fork(script, [metastore.url], { execArgv: [] });
    await once(writer, "message");
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedAt = performance.now();
    const value = await work();
    const tookMs = performance.now() - startedAt;
    delay.disable();
    writer.send("stop");
    const [waits] = (await once(writer, "message")) as [number[]];
    const longestMs = Math.max(...waits);
    const blockedMs = delay.max / 1e6;
    const told =
      `${tookMs.toFixed()} ms; of ${waits.length} writes beside it the longest took ${longestMs.toFixed(1)} ms; ` +
      `this thread was held for ${blockedMs.toFixed(1)} ms at most`;
    // 50 ms are meant. A busy machine adds to that as it does to the whole, which is half work and half rests.
    const generousMs = Math.max(500, tookMs / 4);
    return { value, longestMs, blockedMs, generousMs, told };
  }
});

function bytesType(dialect: string): string {
  return dialect === "sqlite" ? "blob" : "bytea";
}

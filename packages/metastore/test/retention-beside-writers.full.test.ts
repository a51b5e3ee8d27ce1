// Records go by the ten thousand while another process writes: neither it nor this thread waits for long.

import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Collector, NO_COUNTS, type Collection } from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Seconds on a quiet machine; a slow disk that others use too takes many times as long. */
const TIMEOUT_MS = 300_000;

describe.each(TEST_DIALECTS)("retention on %s", { timeout: TIMEOUT_MS }, (dialect) => {
  let metastore: TestMetastore;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterEach(() => metastore.close());

  // PostgreSQL does not make other writers wait, and takes longer over each row.
  const many = dialect === "sqlite" ? 20_000 : 10_000;
  const bytesType = dialect === "sqlite" ? "blob" : "bytea";

  test(`lets others write while ${many} records and their bytes go`, async ({ annotate }) => {
    await fill(many);
    const gone = await whileWriting(async () => await collect());
    expect(gone.value).toMatchObject({ expired: { count: many }, bytes: { count: many } });
    await annotate(`${dialect}: collecting took ${gone.told}`);
    expect(gone.longestMs).toBeLessThan(gone.generousMs);
    expect(gone.blockedMs).toBeLessThan(gone.generousMs);
  });

  test(`lets others write while ${many} records are purged`, async ({ annotate }) => {
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
        ${numbers} select 'red', cast(i as text), 1, 1, cast('1' as ${bytesType}) from n;
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

  async function collect(): Promise<Collection> {
    const { superseded } = metastore;
    const [records, results] = [await metastore.records.retention?.(), await metastore.results.retention?.()];
    return await new Collector({ records, results: [results], superseded, maxSizeBytes: null }).collect();
  }
});

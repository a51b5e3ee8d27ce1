import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { bytesOf, createRun, instance } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("the result store on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const texts = async (team: string, ...digests: string[]) =>
    [...(await metastore.results.read(team, digests)).values()].map((bytes) => Buffer.from(bytes).toString());

  test("gives back what was written, each digest once", async () => {
    const [a, b] = [bytesOf("a"), bytesOf("b")];
    const empty = { digest: bytesOf("").digest, bytes: new Uint8Array() };
    const binary = { digest: bytesOf("binary").digest, bytes: Uint8Array.from({ length: 256 }, (_, i) => i) };
    await metastore.results.write("red", [a, b, a, empty, binary]);
    await metastore.results.write("red", [a]);
    await metastore.results.write("red", []);
    const found = await metastore.results.read("red", [a.digest, b.digest, empty.digest, "absent"]);
    expect(found.size).toBe(3);
    expect(found.get(empty.digest)).toHaveLength(0);
    expect(Buffer.from(found.get(a.digest)!).toString()).toBe("a");
    const read = (await metastore.results.read("red", [binary.digest])).get(binary.digest)!;
    expect([...read]).toEqual([...binary.bytes]);
  });

  test("mends bytes that were damaged when they are written again", async () => {
    const good = bytesOf("good");
    await metastore.results.write("red", [{ digest: good.digest, bytes: bytesOf("flip").bytes }]);
    await metastore.results.write("red", [good]);
    expect(await texts("red", good.digest)).toEqual(["good"]);
  });

  test("deletes what nothing names, and keeps what an XCom or a record does", async () => {
    const [free, named, recorded] = [bytesOf("free"), bytesOf("named"), bytesOf("recorded")];
    await metastore.results.write("red", [free, named, recorded]);
    const run = await createRun(metastore, "referrer");
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [], dag: run });
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
      xcoms: [
        {
          taskId: "a",
          mapIndex: -1,
          key: "return_value",
          digest: named.digest,
          sizeBytes: 5,
          store: null,
        },
      ],
    });
    expect(outcome).toEqual({ kind: "written" });
    const xcoms = [
      { key: "return_value", digest: bytesOf("elsewhere").digest, sizeBytes: 1 },
      { key: "extra", digest: recorded.digest, sizeBytes: 8 },
    ];
    const record = cacheRecord("refers", { xcoms });
    await metastore.records.put(record, "keep-live");

    const digests = [free.digest, named.digest, recorded.digest];
    await metastore.results.delete("red", digests);
    expect((await texts("red", ...digests)).sort()).toEqual(["named", "recorded"]);

    // A record that is replaced, or purged, names its bytes no more.
    await metastore.records.put(cacheRecord("refers", { xcoms: [xcoms[0]!] }), "replace");
    await metastore.results.delete("red", digests);
    expect(await texts("red", ...digests)).toEqual(["named"]);
    await metastore.results.write("red", [recorded]);
    await metastore.records.put(record, "replace");
    await metastore.results.delete("red", digests);
    expect(await texts("red", recorded.digest)).toEqual(["recorded"]);
    await metastore.records.purge({ team: "red", key: record.key });
    await metastore.results.delete("red", digests);
    expect(await texts("red", ...digests)).toEqual(["named"]);
  });

  test("gives and takes one team nothing of another's", async () => {
    const secret = bytesOf("secret");
    await metastore.results.write("blue", [secret]);
    expect(await texts("red", secret.digest)).toEqual([]);
    await metastore.results.delete("red", [secret.digest]);
    await metastore.results.write("red", [{ digest: secret.digest, bytes: bytesOf("other").bytes }]);
    expect(await texts("blue", secret.digest)).toEqual(["secret"]);
  });

  test("carries results of many megabytes", async () => {
    const large = { digest: bytesOf("large").digest, bytes: new Uint8Array(20 * 2 ** 20).fill(7) };
    await metastore.results.write("red", [large]);
    const read = (await metastore.results.read("red", [large.digest])).get(large.digest)!;
    expect(Buffer.compare(read, large.bytes)).toBe(0);
  });
});

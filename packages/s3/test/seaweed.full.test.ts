// The contracts on SeaweedFS, which checks checksums and lists by pages; and what goes wrong with a real service.

import { sha256, type ByteStore } from "@memodag/core";
import { describeByteStore, describeRecordLookup } from "@memodag/result-cache/testing";
import { startSeaweed, type S3Server } from "@memodag/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { S3ByteStore } from "../src/s3-byte-store.ts";
import { byteStoreHarness, recordLookupHarness } from "./harnesses.ts";
import { openBucket } from "./open-bucket.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startSeaweed();
}, 300_000);
afterAll(() => server.stop());

const runner = { describe, test };
describeByteStore(
  "S3 by SeaweedFS",
  byteStoreHarness(() => server),
  runner,
);
describeByteStore(
  "S3 with sha256",
  byteStoreHarness(() => server, { checksums: "sha256" }),
  runner,
);
describeRecordLookup(
  "S3 by SeaweedFS",
  recordLookupHarness(() => server),
  runner,
);

describe("many objects", () => {
  test("2,001 are listed, page by page, and deleted, batch by batch", async () => {
    const store = new S3ByteStore(openBucket(server));
    const names = Array.from({ length: 2_001 }, (_, index) => sha256(`many ${index}`));
    for (let from = 0; from < names.length; from += 64)
      await Promise.all(names.slice(from, from + 64).map((name) => write(store, "ml", name)));
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed.toSorted()).toEqual(names.toSorted());
    await store.delete("ml", names);
    for await (const { name } of store.list()) expect(name).toBeUndefined();
    await store.close();
  });
});

async function write(store: ByteStore, team: string, name: string): Promise<void> {
  const bytes = new TextEncoder().encode(name);
  await store.write(team, name, bytes, { sizeBytes: bytes.length, sha256: sha256(bytes) });
}

// The contract on fake-gcs-server, which checks no signatures and no checksums, and pages of listings.

import { randomUUID } from "node:crypto";
import { sha256, systemClock } from "@memodag/core";
import { describeByteStore } from "@memodag/result-cache/testing";
import { startGoogleStorage, type GoogleStorageServer } from "@memodag/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GcsBucket } from "../src/gcs-bucket.ts";
import { GcsByteStore } from "../src/gcs-byte-store.ts";
import { optionsSchema } from "../src/options.ts";

let server: GoogleStorageServer;
beforeAll(async () => {
  server = await startGoogleStorage();
}, 300_000);
afterAll(() => server.stop());

function openStore(bucket: string = server.bucket): GcsByteStore {
  const { endpoint } = server;
  const options = optionsSchema.parse({ bucket, endpoint, prefix: `tests/${randomUUID()}` });
  return new GcsByteStore(new GcsBucket(options, "/", systemClock));
}

describeByteStore(
  "Google Cloud Storage",
  {
    async open() {
      const store = openStore();
      return { store, close: () => store.close(), grantsCheck: "nothing" };
    },
  },
  { describe, test },
);

describe("Google Cloud Storage", () => {
  test("1,001 objects are listed, page by page", async () => {
    const store = openStore();
    const names = Array.from({ length: 1_001 }, (_, index) => sha256(`many ${index}`));
    const bytes = new Uint8Array([1]);
    for (let from = 0; from < names.length; from += 32) {
      const some = names.slice(from, from + 32);
      await Promise.all(
        some.map((name) => store.write("ml", name, bytes, { sizeBytes: 1, sha256: sha256(bytes) })),
      );
    }
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed.toSorted()).toEqual(names.toSorted());
    await store.close();
  });

  test("in a bucket that is not there, nothing is missing", async () => {
    const store = openStore("no-such-bucket");
    const name = sha256("absent");
    const failure = {
      code: "cache_backend_failed",
      message: expect.stringContaining("no-such-bucket") as string,
    };
    await expect(store.read("ml", name)).rejects.toMatchObject(failure);
    await expect(store.stat("ml", [name])).rejects.toMatchObject(failure);
    await store.close();
  });
});

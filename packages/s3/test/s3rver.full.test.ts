// The contracts on s3rver, which proves the signatures. Pages of listings are tested on SeaweedFS: a listing of
// s3rver that is not complete fails.

import { describeByteStore, describeRecordLookup } from "@memodag/result-cache/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { S3Server } from "@memodag/test-servers";
import { byteStoreHarness, recordLookupHarness } from "./harnesses.ts";
import { startS3rver } from "./s3rver.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startS3rver();
});
afterAll(() => server.stop());

const bytes = byteStoreHarness(() => server, {}, { grantsCheck: "signature" });
const records = recordLookupHarness(() => server);
const runner = { describe, test };

describeByteStore("S3 by s3rver", bytes, runner);
describeRecordLookup("S3 by s3rver", records, runner);

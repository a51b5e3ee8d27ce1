// Costs of values of any size: bytes in each store beside cp or the plain SDK, hits with entries, the memory of
// workers, and get-or-create. Needs SeaweedFS, fake-gcs-server and Redis, which are installed where they are missing.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@memodag/core";
import { openByteStore as openGcs, optionsSchema as gcsOptions } from "@memodag/gcs";
import { openRedisValues } from "@memodag/redis";
import { FilesystemByteStore, MemoryByteStore } from "@memodag/result-cache";
import { openByteStore as openS3, optionsSchema as s3Options } from "@memodag/s3";
import { RedisServer, startGoogleStorage, startSeaweed } from "@memodag/test-servers";
import { MemoryValueAdapter } from "@memodag/value-cache";
import { onEachDatabase } from "../harness/databases.ts";
import type { Report } from "../harness/measurement.ts";
import { measureHits, measureMemory } from "./entries.ts";
import { measureGetOrCreate, measureProcesses } from "./get-or-create.ts";
import { bareDatabase, bareMap, bareRedis } from "./bare-values.ts";
import { plainFiles, plainGcs, plainMap, plainPostgres, plainS3, plainSqlite } from "./plain-ways.ts";
import { makeSamples, measureTransfers, type Sample } from "./transfer.ts";

/** `npm run bench -- values` */
export async function benchmark(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-values-"));
  try {
    const samples = makeSamples(folder);
    await measureTransfers(
      { name: "memory", store: new MemoryByteStore(), plain: plainMap(), fromMemory: true },
      samples,
      report,
    );
    await measureFiles(folder, samples, report);
    await onEachDatabase(async (database) => {
      const { dialect, metastore, location, url } = database;
      const plain =
        dialect === "sqlite" ? plainSqlite(join(folder, "plain.db")) : await plainPostgres(location);
      await measureTransfers({ name: dialect, store: metastore.bytes, plain }, samples, report);
      await plain.close();
      await measureHits(database, report);
      const bare = await bareDatabase(database);
      await measureGetOrCreate(dialect, metastore.valueCaches, bare, NO_GOALS, report);
      await bare.close();
      await measureProcesses(dialect, url, report);
    });
    await measureBuckets(samples, report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await measureGetOrCreate("memory", new MemoryValueAdapter(), bareMap(), NO_GOALS, report);
  await measureRedis(report);
  await measureMemory("filesystem", 'kind = "filesystem"\npath = "files"', report);
}

/** Only Redis has a floor that could be met: a map answers in the time of a function call, a prepared statement nearly so. */
const NO_GOALS = { hit: null, miss: null };

async function measureFiles(folder: string, samples: readonly Sample[], report: Report): Promise<void> {
  const plain = join(folder, "plain");
  mkdirSync(plain);
  const store = new FilesystemByteStore(join(folder, "store"), systemClock);
  await measureTransfers({ name: "filesystem", store, plain: plainFiles(plain) }, samples, report);
}

async function measureBuckets(samples: readonly Sample[], report: Report): Promise<void> {
  const options = { projectDir: "/", clock: systemClock };
  const seaweed = await startSeaweed();
  try {
    const { bucket, endpoint, credentialsFile } = seaweed;
    const s3 = s3Options.parse({ bucket, endpoint, credentials_file: credentialsFile });
    const store = openS3({ ...options, options: s3 });
    await measureTransfers({ name: "S3 (SeaweedFS)", store, plain: plainS3(seaweed) }, samples, report);
    await store.close();
    const keys = { bucket, endpoint, credentials_file: credentialsFile };
    const toml = Object.entries({ kind: "s3", ...keys }).map(([key, value]) => `${key} = "${value}"`);
    await measureMemory("S3 (SeaweedFS)", toml.join("\n"), report);
  } finally {
    await seaweed.stop();
  }
  const google = await startGoogleStorage();
  try {
    const { bucket, endpoint } = google;
    const store = openGcs({ ...options, options: gcsOptions.parse({ bucket, endpoint }) });
    await measureTransfers(
      { name: "GCS (fake-gcs-server)", store, plain: plainGcs(google) },
      samples,
      report,
    );
    await store.close();
  } finally {
    await google.stop();
  }
}

async function measureRedis(report: Report): Promise<void> {
  const server = await RedisServer.start();
  try {
    const adapter = await openRedisValues({ url: server.url });
    const bare = await bareRedis(server.url);
    await measureGetOrCreate("redis", adapter, bare, { hit: 1.5, miss: 4 }, report);
    await Promise.all([adapter.close(), bare.close()]);
    await measureProcesses("redis", server.url, report);
  } finally {
    await server.stop();
  }
}

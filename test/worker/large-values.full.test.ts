// Large values on their way to worker hosts: once to each host, from their store where it can grant that, and never more
// than once in the memory of a host.

import { readFileSync, writeFileSync } from "node:fs";
import {
  canonicalBytes,
  sha256,
  systemClock,
  type Attempt,
  type ByteStore,
  type InputRef,
} from "@memodag/core";
import { ByteResultStore } from "@memodag/result-cache";
import { openByteStore, optionsSchema } from "@memodag/s3";
import { FaultyProxy, startSeaweed, type S3Server } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ApiRig, type RigToken } from "./api-rig.ts";
import { CountingProxy } from "./counting-proxy.ts";
import { HostRig, type TestHost } from "./host-rig.ts";

const MEBIBYTE = 2 ** 20;

let server: S3Server;
let bucket: FaultyProxy;
let store: ByteStore;
let rig: ApiRig;
let hosts: HostRig;
let token: RigToken;
let proxy: CountingProxy;

beforeAll(async () => {
  server = await startSeaweed();
  bucket = await FaultyProxy.start(server.endpoint);
  const options = optionsSchema.parse({
    bucket: server.bucket,
    endpoint: bucket.endpoint,
    credentials_file: server.credentialsFile,
  });
  store = openByteStore({ options, projectDir: "/", clock: systemClock });
}, 300_000);
afterAll(async () => {
  await store.close();
  await bucket.stop();
  await server.stop();
});
beforeEach(async () => {
  rig = await ApiRig.open("sqlite");
  hosts = new HostRig(rig);
  token = await rig.token({ teams: ["red"] });
  proxy = await CountingProxy.start(rig.api.url);
  bucket.heal();
});
afterEach(async () => {
  await hosts[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const withInput = (ref: InputRef): Attempt["results"] => [["load", { kind: "single", ref }]];

async function startHost(): Promise<TestHost> {
  return await hosts.start(token, { urls: [proxy.url], inputCacheBytes: 2 ** 30 });
}

/** Has each host run so many attempts at once that share an input; resolves to the lengths that they saw. */
async function shareInput(ref: InputRef, of: readonly TestHost[], count: number): Promise<unknown[]> {
  const artifactDigest = rig.artifact(`dag.task("it", ({ load }) => load.length)({});`);
  const carriedOut = of.flatMap((host) =>
    Array.from({ length: count }, async () => {
      const attempt = await rig.attempt("red", { artifactDigest, results: withInput(ref) });
      await host.carryOut(attempt);
      const outcome = await hosts.outcome(attempt);
      if (outcome?.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
      return JSON.parse(Buffer.from(outcome.xcoms[0]?.bytes ?? "").toString()) as unknown;
    }),
  );
  return await Promise.all(carriedOut);
}

/** A value in the bucket, which the API opens there. */
async function putValue(length: number): Promise<InputRef> {
  const bytes = canonicalBytes("x".repeat(length));
  const digest = sha256(bytes);
  await store.write("red", digest, bytes, { sizeBytes: bytes.length, sha256: digest });
  const results = new ByteResultStore(store);
  rig.opener = async (team, ref, options) => await results.open(team, ref.digest, options);
  return { digest, sizeBytes: bytes.length, store: "bucket" };
}

/** The reads of a value that reached the bucket. */
function readsOf({ digest }: InputRef): string[] {
  return bucket.requests.filter((request) => request.startsWith("GET") && request.includes(digest));
}

test("an input crosses the network once a host, however many attempts ask for it at the same time", async () => {
  const size = 4 * MEBIBYTE;
  const ref = await rig.value("red", "x".repeat(size));
  const both = [await startHost(), await startHost()];
  expect(await shareInput(ref, both, 10)).toEqual(Array.from({ length: 20 }, () => size));
  expect(proxy.bytes).toBeGreaterThan(2 * size);
  expect(proxy.bytes).toBeLessThan(2 * size + MEBIBYTE);
});

test("a large input comes from its bucket, once a host, and the API does not read it", async () => {
  const size = 4 * MEBIBYTE;
  const ref = await putValue(size);
  const both = [await startHost(), await startHost()];
  expect(await shareInput(ref, both, 5)).toEqual(Array.from({ length: 10 }, () => size));
  expect(readsOf(ref)).toHaveLength(2);
  expect(proxy.bytes).toBeLessThan(MEBIBYTE);
  expect(rig.reads.get(ref.digest)).toBeUndefined();
});

test("what a host is given for the bucket reads one object, and nothing else", async () => {
  const [ref, other] = [await putValue(2 * MEBIBYTE), await putValue(2 * MEBIBYTE + 1)];
  const workerId = await rig.host(token);
  const attempt = await rig.started("red", workerId, { results: withInput(ref) });
  const reply = await fetch(`${rig.api.url}/v1/attempts/${attempt.attemptId}/values/${ref.digest}`, {
    redirect: "manual",
    headers: { "memodag-protocol": "1", authorization: `Bearer ${token.token}`, "memodag-worker": workerId },
  });
  expect(reply.status).toBe(307);
  expect(reply.headers.get("cache-control")).toBe("no-store");
  const url = reply.headers.get("location") ?? "";
  expect(url).not.toContain(server.secretAccessKey);
  const statusOf = async (address: string, method = "GET"): Promise<number> => {
    const response = await fetch(address, { method, ...(method === "PUT" && { body: "changed" }) });
    await response.arrayBuffer();
    return response.status;
  };
  expect(await statusOf(url)).toBe(200);
  expect(await statusOf(url.replace(ref.digest, other.digest))).toBe(403);
  expect(await statusOf(url, "PUT")).toBe(403);
  expect(await statusOf(url, "DELETE")).toBe(403);
  expect(await statusOf(url.replace(/\/bytes\/.*\?/, "?list-type=2&"))).toBe(403);
});

test("a host that cannot reach the bucket reads through the API", async () => {
  const ref = await putValue(2 * MEBIBYTE);
  const { value } = { value: await rig.value("red", "x".repeat(2 * MEBIBYTE)) };
  expect(value.digest).toBe(ref.digest);
  bucket.fail({ fault: { kind: "reset" }, method: "GET" });
  const host = await startHost();
  // The API reads where the reference says.
  expect(await shareInput({ ...ref, store: null }, [host], 3)).toEqual([0, 0, 0].map(() => 2 * MEBIBYTE));
  expect(readsOf(ref)).toHaveLength(1);
  expect(rig.reads.get(ref.digest)).toBe(1);
});

test("a value that is damaged in its store is never an argument", async () => {
  const ref = await putValue(2 * MEBIBYTE);
  const results = new ByteResultStore(store);
  const other = await putValue(2 * MEBIBYTE + 5);
  rig.opener = async (team, _ref, options) => await results.open(team, other.digest, options);
  const host = await startHost();
  const artifactDigest = rig.artifact(`dag.task("it", ({ load }) => load.length)({});`);
  const attempt = await rig.attempt("red", { artifactDigest, results: withInput({ ...ref, store: null }) });
  await host.carryOut(attempt);
  expect(await hosts.outcome(attempt)).toMatchObject({
    kind: "failed",
    error: { code: "xcom_not_found" },
    retryable: false,
  });
});

/** The highest and the current resident memory of a process, in bytes. */
function memoryOf(pid: number | "self"): { readonly peak: number; readonly now: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name: string): number =>
    1_024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN);
  return { peak: read("VmHWM"), now: read("VmRSS") };
}

function forgetPeak(pid: number | "self"): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

test.runIf(process.platform === "linux")(
  "a value of 128 MiB is in the memory of a host once, and not in that of the API",
  async () => {
    const size = 128 * MEBIBYTE;
    const ref = await putValue(size);
    for (const mayGrant of [true, false]) {
      const results = new ByteResultStore(store);
      rig.opener = async (team, { digest }) => await results.open(team, digest, { mayGrant });
      const host = await startHost();
      const pid = host.child.pid ?? 0;
      await shareInput(await rig.value("red", "warm"), [host], 1);
      for (const one of [pid, "self"] as const) forgetPeak(one);
      const [ofHost, ofApi] = [memoryOf(pid), memoryOf("self")];
      expect(await shareInput(ref, [host], 1)).toEqual([size]);
      const growth = [memoryOf(pid).peak - ofHost.now, memoryOf("self").peak - ofApi.now];
      console.log(
        `grant: ${mayGrant}; host and API grew by`,
        growth.map((bytes) => Math.round(bytes / MEBIBYTE)),
      );
      expect(growth[0]).toBeLessThan(size + 100 * MEBIBYTE);
      expect(growth[1]).toBeLessThan(100 * MEBIBYTE);
    }
  },
  120_000,
);

test.runIf(process.platform === "linux").each(["sqlite", "postgres"] as const)(
  "a result of 128 MiB passes through the API in parts, on %s",
  async (dialect) => {
    const size = 128 * MEBIBYTE;
    await using large = await ApiRig.open(dialect, { maxXComBytes: 2 * size });
    await using room = new HostRig(large);
    const host = await room.start(await large.token());
    const returning = async (length: number): Promise<Attempt> => {
      const artifactDigest = large.artifact(`dag.task("it", () => "x".repeat(${length}))({});`);
      const attempt = await large.attempt("red", { artifactDigest });
      await host.carryOut(attempt);
      return attempt;
    };
    await returning(4 * MEBIBYTE);
    forgetPeak("self");
    const before = memoryOf("self");
    const attempt = await returning(size);
    const growth = memoryOf("self").peak - before.now;
    console.log(`${dialect}: the API grew by`, Math.round(growth / MEBIBYTE));
    expect(growth).toBeLessThan(100 * MEBIBYTE);
    const outcome = await room.outcome(attempt);
    expect(outcome?.kind === "succeeded" && outcome.xcoms[0]?.bytes.length).toBe(size + 2);
  },
  300_000,
);

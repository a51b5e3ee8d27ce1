// What goes wrong between a store and a real service: each fault is told from a missing object, and leaves nothing.

import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, systemClock, type ByteStore } from "@memodag/core";
import { collectBytes, streamOf } from "@memodag/result-cache/store-parts";
import { credentialsText, FaultyProxy, startSeaweed, type S3Server } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { S3ByteStore } from "../src/s3-byte-store.ts";
import { openBucket } from "./open-bucket.ts";

const NAME = sha256("name");
const BYTES = new Uint8Array(3 * 2 ** 20).fill(7);
const MD5 = createHash("md5").update(BYTES).digest("hex");
const CHECK = { sizeBytes: BYTES.length, sha256: sha256(BYTES) };

let server: S3Server;
let proxy: FaultyProxy;
let prefix: string;
let store: ByteStore;
/** Beside the proxy, to see what is really there. */
let direct: ByteStore;

beforeAll(async () => {
  server = await startSeaweed();
  proxy = await FaultyProxy.start(server.endpoint);
}, 300_000);
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(() => {
  prefix = `tests/${randomUUID()}`;
  store = open({});
  direct = new S3ByteStore(openBucket(server, { prefix }));
});
afterEach(async () => {
  proxy.heal();
  await store.close();
  await direct.close();
});

function open(
  options: Readonly<Record<string, string>>,
  credentialsFile = server.credentialsFile,
): ByteStore {
  return new S3ByteStore(
    openBucket({ ...server, endpoint: proxy.endpoint, credentialsFile }, { prefix, ...options }),
  );
}

const failed = { code: "cache_backend_failed", fault: "infrastructure" };

describe("a service that fails for a while", () => {
  test.each(["bytes", "file"])("%s are sent again after 503, a reset and 500", async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), "memodag-s3-"));
    try {
      const file = join(folder, "body");
      await writeFile(file, BYTES);
      proxy.fail(
        { method: "PUT", times: 1, fault: { kind: "status", status: 503, code: "SlowDown" } },
        { method: "PUT", times: 1, fault: { kind: "reset" } },
        { method: "PUT", times: 1, fault: { kind: "status", status: 500 } },
      );
      await store.write("ml", NAME, kind === "file" ? { file } : BYTES, CHECK);
      expect(proxy.requests).toHaveLength(4);
      expect(await sizeOf(direct)).toBe(BYTES.length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("reads, look-ups and deletions are tried again", async () => {
    await direct.write("ml", NAME, BYTES, CHECK);
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      GET: async () => (await collectBytes(await opened(store))).length,
      HEAD: () => sizeOf(store),
      DELETE: () => store.delete("ml", [NAME]),
    };
    const answers: unknown[] = [];
    for (const [method, call] of Object.entries(calls)) {
      proxy.fail({ method, times: 2, fault: { kind: "status", status: 503 } });
      answers.push(await call());
      expect(proxy.requests).toHaveLength(3);
    }
    expect(answers).toEqual([BYTES.length, BYTES.length, undefined]);
    expect(await sizeOf(direct)).toBeUndefined();
  });

  test("a stream fails with the service, and leaves nothing", async () => {
    proxy.fail({ method: "PUT", fault: { kind: "reset" } });
    const warned = vi.spyOn(console, "warn");
    await expect(store.write("ml", NAME, streamOf(once(BYTES)), CHECK)).rejects.toMatchObject(failed);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
    expect(await sizeOf(direct)).toBeUndefined();
  });
});

describe("a service that stays away", () => {
  test.each([
    ["503", { kind: "status", status: 503 }, /HTTP 503\): the store is overloaded or down/],
    ["a reset", { kind: "reset" }, /\(E[A-Z]+\): check `endpoint`/],
  ] as const)("%s is an error of every call that names bucket and endpoint", async (_, fault, reason) => {
    proxy.fail({ fault });
    const calls = [
      store.read("ml", NAME),
      store.write("ml", NAME, BYTES, CHECK),
      store.stat("ml", [NAME]),
      store.delete("ml", [NAME]),
      store.delete("ml", [NAME, sha256("other")]),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: failed });
      const { message } = (outcome as PromiseRejectedResult).reason as Error;
      expect(message).toMatch(reason);
      expect(message).toContain(`bucket ${server.bucket} at ${proxy.endpoint}`);
    }
  });

  test("one that does not answer is left when the signal says so", async () => {
    proxy.fail({ fault: { kind: "hang" } });
    const signal = AbortSignal.timeout(200);
    const calls = [
      store.read("ml", NAME, { signal }),
      store.write("ml", NAME, BYTES, CHECK, { signal }),
      store.stat("ml", [NAME], { signal }),
    ];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "TimeoutError" } });
  });

  test("an answer that is cut off fails its reader", async () => {
    await direct.write("ml", NAME, BYTES, CHECK);
    proxy.fail({ method: "GET", fault: { kind: "truncate", bytes: 1_000 } });
    await expect(collectBytes(await opened(store))).rejects.toMatchObject(failed);
  });
});

describe("what is refused", () => {
  test("a wrong secret, and no word of it in the message", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memodag-s3-"));
    try {
      const file = join(folder, "credentials");
      await writeFile(file, credentialsText(server.accessKeyId, "the-wrong-secret"));
      const other = open({}, file);
      const outcome = await other.read("ml", NAME).then(undefined, (error: unknown) => error as Error);
      expect(outcome).toMatchObject({
        ...failed,
        message: expect.stringContaining("check the credentials") as string,
      });
      expect(JSON.stringify(outcome) + String(outcome)).not.toContain("the-wrong-secret");
      await other.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a credentials file that is missing, or has no keys", async () => {
    const other = open({}, "/nowhere/credentials");
    await expect(other.read("ml", NAME)).rejects.toThrow(
      /credentials_file: \/nowhere\/credentials cannot be read/,
    );
    const wrongProfile = open({ profile: "prod" });
    await expect(wrongProfile.read("ml", NAME)).rejects.toThrow(/no aws_access_key_id .* profile \[prod\]/);
    await other.close();
    await wrongProfile.close();
  });

  test("a bucket that is not there has no missing objects", async () => {
    const other = open({ bucket: "no-such-bucket" });
    const calls = [other.read("ml", NAME), other.stat("ml", [NAME]), other.write("ml", NAME, BYTES, CHECK)];
    const message = expect.stringContaining("no-such-bucket") as string;
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: { ...failed, message } });
    await other.close();
  });

  test("403 is not 404", async () => {
    proxy.fail({ fault: { kind: "status", status: 403, code: "AccessDenied" } });
    await expect(store.stat("ml", [NAME])).rejects.toThrow(/HTTP 403\): grant the credentials s3:GetObject/);
    await expect(store.read("ml", NAME)).rejects.toThrow(/AccessDenied, HTTP 403/);
  });
});

describe("clocks", () => {
  test("ages are the store's where this host's clock is wrong", async () => {
    const hour = 3_600_000;
    const late = { now: () => systemClock.now() + hour };
    const other = new S3ByteStore(openBucket(server, { prefix }, late));
    await other.write("ml", NAME, BYTES, CHECK);
    expect((await other.stat("ml", [NAME])).get(NAME)?.ageMs).toBeLessThan(60_000);
    await other.close();
  });
});

describe("a host whose clock is 20 minutes off", () => {
  afterEach(() => void vi.useRealTimers());

  test.each([-20, 20])("%i minutes: every call and every grant is accepted", async (minutes) => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + minutes * 60_000 });
    const other = new S3ByteStore(openBucket(server, { prefix }));
    try {
      // The first call of the process is a grant: nothing has told it of the store's time yet.
      const grant = await other.grant?.("ml", NAME, "write", { ...CHECK, md5: MD5 });
      if (grant?.kind !== "http") throw new Error("no grant");
      const put = await fetch(grant.url, { method: "PUT", headers: grant.headers, body: BYTES });
      expect(put.status).toBe(200);
      const stat = (await other.stat("ml", [NAME])).get(NAME);
      expect(stat).toMatchObject({ sizeBytes: BYTES.length });
      expect(stat?.ageMs).toBeLessThan(60_000);
      const reading = await other.grant?.("ml", NAME, "read");
      if (reading?.kind !== "http") throw new Error("no grant");
      expect((await (await fetch(reading.url)).arrayBuffer()).byteLength).toBe(BYTES.length);
      await other.write("ml", NAME, BYTES, CHECK);
      expect((await collectBytes(await opened(other))).length).toBe(BYTES.length);
      await other.delete("ml", [NAME]);
      expect(await sizeOf(direct)).toBeUndefined();
    } finally {
      await other.close();
    }
  });
});

describe("objects that others change", () => {
  test("one that is deleted is missing, and one that is truncated comes as it is, for its reader to refuse", async () => {
    await store.write("ml", NAME, BYTES, CHECK);
    const short = BYTES.subarray(0, 10);
    await direct.write("ml", NAME, short, { sizeBytes: 10, sha256: sha256(short) });
    expect(await sizeOf(store)).toBe(10);
    expect((await collectBytes(await opened(store))).length).toBe(10);
    await direct.delete("ml", [NAME]);
    expect(await store.read("ml", NAME)).toBeUndefined();
    expect(await sizeOf(store)).toBeUndefined();
  });
});

async function opened(from: ByteStore): Promise<ReadableStream<Uint8Array>> {
  const stream = await from.read("ml", NAME);
  if (!stream) throw new Error("the object is missing");
  return stream;
}

async function sizeOf(from: ByteStore): Promise<number | undefined> {
  return (await from.stat("ml", [NAME])).get(NAME)?.sizeBytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

// Stores of [[stores]]: opened by name, checked with every fault, and looked at by the doctor.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type LoadedConfig } from "@memodag/config";
import { sha256, type ByteStore, type Logger } from "@memodag/core";
import { collectBytes, MemoryByteStore } from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lookAtStores } from "../src/doctor/look-at-stores.ts";
import { openByteStores, type ByteStores } from "../src/stores/byte-stores.ts";
import { checkBackendModules } from "../src/stores/cache-backends.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;
const BYTES = new TextEncoder().encode("bytes");
const CHECK = { sizeBytes: BYTES.length, sha256: sha256(BYTES) };

let folder: string;
let metadata: ByteStore;
let stores: ByteStores | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-stores-"));
  metadata = new MemoryByteStore();
});
afterEach(async () => {
  await stores?.close();
  stores = undefined;
  rmSync(folder, { recursive: true });
});

function load(toml: string): LoadedConfig {
  writeFileSync(join(folder, "memodag.toml"), toml);
  return loadConfig({ cwd: folder, env: {} });
}

function open(toml: string): ByteStores {
  stores = openByteStores({ loaded: load(toml), metadata, log });
  return stores;
}

function store(name: string, kind: string, more = ""): string {
  return `[[stores]]\nname = "${name}"\nkind = "${kind}"\n${more}\n`;
}

const MODULE = `
export const opened = { count: 0, closed: 0 };
export async function openByteStore({ options }) {
  opened.count += 1;
  if (options.isAway) throw new Error("the service is away");
  const kept = new Map();
  return {
    read: async (team, name) => kept.get(team + name) && new Blob([kept.get(team + name)]).stream(),
    write: async (team, name, body) => void kept.set(team + name, options.damages ? body.subarray(1) : body),
    stat: async (team, names) => new Map(names.filter((name) => kept.has(team + name)).map((name) => [name, { sizeBytes: kept.get(team + name).length }])),
    delete: async (team, names) => { for (const name of names) kept.delete(team + name); },
    close: async () => { opened.closed += 1; },
  };
}
export const optionsSchema = { "~standard": { version: 1, vendor: "test", validate: (value) =>
  typeof value === "object" && !("wrong" in value) ? { value } : { issues: [{ message: "is not known", path: ["wrong"] }] } } };
`;

function writeModule(name = "store.mjs"): void {
  writeFileSync(join(folder, name), MODULE);
}

describe("openByteStores", () => {
  test("opens a store by its name once, and closes it once", async () => {
    writeModule();
    const opened = open(store("own", "./store.mjs") + store("disk", "filesystem", 'path = "kept"'));
    expect(opened.names).toEqual(["own", "disk"]);
    const [one, two] = await Promise.all([opened.open("own"), opened.open("own")]);
    expect(one).toBe(two);
    const disk = await opened.open("disk");
    await disk.write("ml", CHECK.sha256, BYTES, CHECK);
    expect((await disk.grant?.("ml", CHECK.sha256, "read"))?.kind).toBe("file");
    await opened.close();
    await opened.close();
    const module = (await import(join(folder, "store.mjs"))) as { opened: { count: number; closed: number } };
    expect(module.opened).toEqual({ count: 1, closed: 1 });
  });

  test("has the built-in stores, and leaves the metadata database open", async () => {
    const opened = open("");
    for (const name of ["metadata-db", "memory", "filesystem"]) {
      expect(opened.has(name)).toBe(true);
      await (await opened.open(name)).write("ml", CHECK.sha256, BYTES, CHECK);
    }
    await opened.close();
    const stream = await metadata.read("ml", CHECK.sha256);
    expect(stream && Buffer.from(await collectBytes(stream)).toString()).toBe("bytes");
  });

  test("opens the object stores of memodag without a request", async () => {
    const opened = open(
      store("bucket", "s3", 'bucket = "acme"\nregion = "eu-central-1"') +
        store("google", "gcs", 'bucket = "acme"\nendpoint = "http://127.0.0.1:1"'),
    );
    for (const name of opened.names) expect(typeof (await opened.open(name)).grant).toBe("function");
  });

  test("refuses a name that is not there", async () => {
    await expect(open(store("own", "memory")).open("other")).rejects.toMatchObject({
      code: "config_invalid",
      message:
        'There is no store "other": add it under [[stores]], or use one of metadata-db, memory, filesystem, own',
    });
  });

  test("opens again what could not be opened", async () => {
    writeModule();
    const opened = open(store("own", "./store.mjs", "options = { isAway = true }"));
    for (const _ of [1, 2]) await expect(opened.open("own")).rejects.toThrow("the service is away");
  });
});

describe("the section", () => {
  test("is refused with every fault of it", () => {
    const faults = [
      store("bucket", "s3", 'path = "x"'),
      store("bucket", "gcs", 'bucket = "acme"\nregion = "eu"'),
      store("memory", "filesystem"),
      store("own", "./store.mjs", 'bucket = "acme"'),
    ].join("");
    expect(() => load(faults)).toThrow(
      /7 faults[^]*stores\[0\].bucket: expected a value, for kind "s3"[^]*stores\[0\].path[^]*stores\[1\].name: expected a unique name[^]*stores\[1\].region: expected a key of kind "gcs"[^]*stores\[2\].name: expected a name that is no kind[^]*stores\[2\].path[^]*stores\[3\].bucket/,
    );
  });

  test("takes the URL of Redis from a file, and refuses Redis for a job cache", () => {
    writeFileSync(join(folder, "redis-url"), "redis://:hunter2@127.0.0.1:1/2\n");
    const named = store("fast", "redis", 'url_file = "redis-url"\nprefix = "memodag/prod"');
    expect(load(named).config.stores).toEqual([
      {
        name: "fast",
        kind: "redis",
        options: { url: "redis://:hunter2@127.0.0.1:1/2", prefix: "memodag/prod" },
      },
    ]);
    expect(() => load(`[job_cache]\nstore = "fast"\n${named}`)).toThrow(
      'job_cache.store: expected a store that keeps what it has, found "fast", a store of kind "redis"',
    );
    expect(() => load(store("fast", "redis"))).toThrow(
      'stores[0].url: expected a value, for kind "redis", found nothing',
    );
  });

  test("is checked with every fault of the options, which are not shown", async () => {
    writeModule();
    const loaded = load(
      store("bucket", "s3", 'bucket = "A"\nprefix = "../x"') +
        store("own", "./store.mjs", 'options = { wrong = "hunter2" }') +
        store("away", "./missing.mjs") +
        store("fast", "redis", 'url = "redis://:hunter2@127.0.0.1"\nprefix = "a b"'),
    );
    const error = await checkBackendModules(loaded).then(undefined, (reason: unknown) => reason as Error);
    expect(error?.message).toMatch(
      /stores\[0\].bucket: [^]*stores\[0\].prefix: [^]*stores\[1\].options.wrong: is not known[^]*"away", kind = "\.\/missing.mjs"[^]*stores\[3\].prefix: /,
    );
    expect(error?.message).not.toContain("hunter2");
  });
});

describe("doctor", () => {
  test("tells the stores that work from those that do not", async () => {
    writeModule();
    const loaded = load(
      store("own", "./store.mjs") +
        store("damaging", "./store.mjs", "options = { damages = true }") +
        store("away", "./store.mjs", "options = { isAway = true }") +
        store("disk", "filesystem", 'path = "kept"') +
        store("fast", "redis", 'url = "redis://127.0.0.1:1"'),
    );
    const findings = await lookAtStores(loaded, { bytes: metadata }, log);
    expect(findings.map(({ status, message }) => `${status} ${message}`)).toEqual([
      "ok own stores, returns and deletes bytes",
      expect.stringMatching(/^fail damaging: it has \d+ bytes of \d+ that were just written/),
      "fail away: the service is away",
      "ok disk stores, returns and deletes bytes",
      expect.stringMatching(
        /^fail fast: Redis at 127.0.0.1:1 failed to (?:store results|list locks) \(no connection/,
      ),
    ]);
  });
});

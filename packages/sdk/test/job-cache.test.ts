// What a handler does with job caches, of its run and by name, against a scheduler that answers from a map: which reads are noted, what is
// answered from the key, and what is refused.

import {
  sha256,
  silentLogger,
  type AttemptContext,
  type EntryRef,
  type EntryReply,
  type EntrySnapshot,
} from "@memodag/core";
import { Dag, getCache, getContext, type JobCache } from "@memodag/sdk";
import { runHandler, type AttemptScope, type HandlerOutcome } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";

const CONTEXT: AttemptContext = {
  dag: { dagId: "d" },
  dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
  task: { taskId: "t" },
  taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "a1" },
  params: {},
  logicalDate: null,
  dataInterval: null,
};

async function all(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) found.push(name);
  return found;
}

/** The name of the cache in requests, and in what is noted. */
const CACHES = [
  ["the job cache of the run", "", "jobCache"],
  ["a named cache", "grids", "grids"],
] as const;

describe.each(CACHES)("with %s,", (_, name, label) => {
  const cacheOf = (): JobCache => (name === "" ? getContext().jobCache : getCache(name));

  const refOf = (key: string, text = key): EntryRef => ({
    cache: name,
    key,
    digest: sha256(text),
    sizeBytes: text.length,
  });

  /** Entries of others by key, and the requests that were made. */
  class Scheduler {
    readonly asked: string[] = [];
    readonly texts: Map<string, string>;
    hang: Promise<void> | undefined;
    lost: EntryRef | undefined;

    constructor(texts: Record<string, string> = {}) {
      this.texts = new Map(Object.entries(texts));
    }

    readonly ask: NonNullable<AttemptScope["entries"]>["ask"] = async (request) => {
      this.asked.push(request.op);
      await this.hang;
      const asked = "cache" in request ? request.cache : "ref" in request ? request.ref.cache : name;
      if (asked !== name) throw new Error(`asked about ${asked}`);
      const bytesOf = (text: string) => new TextEncoder().encode(text);
      const only = (reply: EntryReply) => ({ reply, bytes: null });
      switch (request.op) {
        case "save":
          return only({ kind: request.ifAbsent && this.texts.has(request.key) ? "present" : "saved" });
        case "find": {
          const text = this.texts.get(request.key);
          if (this.lost?.key === request.key) return only({ kind: "lost", ref: this.lost, store: "bucket" });
          if (text === undefined) return only({ kind: "absent" });
          const reply = { kind: "entry", ref: refOf(request.key, text), grant: null } as const;
          return { reply, bytes: bytesOf(text) };
        }
        case "open": {
          const text = [...this.texts.values()].find((each) => sha256(each) === request.ref.digest);
          if (text === undefined) return only({ kind: "lost", ref: request.ref, store: "bucket" });
          return { reply: { kind: "entry", ref: request.ref, grant: null }, bytes: bytesOf(text) };
        }
        case "list": {
          const refs = [...this.texts].map(([key, text]) => refOf(key, text));
          return only({
            kind: "entries",
            refs: refs.filter(({ key }) => key.startsWith(request.prefix)),
            isLast: true,
          });
        }
        case "groups":
          return only({ kind: "groups", names: [] });
        case "remove":
          return only({ kind: "removed", was: this.texts.has(request.key) });
        case "uploaded":
          return only({ kind: "saved" });
      }
    };
  }

  async function run(
    handler: (cache: JobCache) => unknown,
    scheduler: Scheduler,
    snapshots?: readonly EntrySnapshot[],
  ): Promise<{ value: unknown; reads: readonly string[] }> {
    const dag = new Dag("d");
    dag.task("t", (async () => (await handler(cacheOf())) ?? null) as never)({} as never);
    const scope: AttemptScope = {
      context: CONTEXT,
      declaredContext: [],
      signal: new AbortController().signal,
      log: silentLogger,
      entries: { ask: scheduler.ask, ...(snapshots && { snapshots }) },
    };
    const outcome: HandlerOutcome = await runHandler(dag, "t", {}, scope);
    const value: unknown = JSON.parse(new TextDecoder().decode(outcome.xcoms[0]?.bytes));
    return { value, reads: outcome.undeclaredReads };
  }

  describe("a cached task", () => {
    it.each<[string, (cache: JobCache) => unknown, string]>([
      ["loads a key", (cache) => cache.loadText("a"), `${label}(a)`],
      ["finds a key", async (cache) => (await cache.find("b")) === undefined, `${label}(b)`],
      ["asks for a key", (cache) => cache.has("a"), `${label}(a)`],
      ["asks for a reference", (cache) => cache.findRef("a"), `${label}(a)`],
      ["lists a group", (cache) => all(cache.group("g").keys()), `${label}(g/*)`],
      ["lists below a group", (cache) => all(cache.group("g").keys({ deep: true })), `${label}(g/**)`],
      ["lists groups", (cache) => all(cache.groups()), `${label}(**)`],
      ["removes a key", (cache) => cache.delete("a"), `${label}(a)`],
      [
        "is the first to save a key",
        (cache) => cache.save("c", "1", { ifAbsent: true }),
        `ifAbsent(${label}(c))`,
      ],
      [
        "is not the first to save a key",
        (cache) => cache.save("a", "1", { ifAbsent: true }).catch(() => "late"),
        `ifAbsent(${label}(a))`,
      ],
    ])("that %s by an undeclared name has that noted", async (_name, handler, read) => {
      expect((await run(handler, new Scheduler({ a: "one" }))).reads).toEqual([read]);
    });

    it("that loads by a reference, or what it saved itself, has nothing noted", async () => {
      const scheduler = new Scheduler({ a: "one", mine: "two" });
      const handler = async (cache: JobCache) => {
        await cache.save("mine", "two");
        return [
          await cache.loadText(refOf("a", "one")),
          await cache.loadText("mine"),
          await cache.has("mine"),
        ];
      };
      expect(await run(handler, scheduler)).toEqual({ value: ["one", "two", true], reads: [] });
    });

    it("sees declared names as its key has them, whatever has happened since", async () => {
      const scheduler = new Scheduler({ gone: "then", "g/new": "now", late: "now" });
      const snapshots = [
        { cache: name, pattern: "g/*", entries: [refOf("g/old", "then")] },
        { cache: name, pattern: "late", entries: [] },
        { cache: name, pattern: "gone", entries: [refOf("gone", "then")] },
      ];
      const handler = async (cache: JobCache) => [
        await all(cache.group("g").keys()),
        await cache.has("late"),
        await cache.delete("late"),
        await cache.loadText("gone"),
        await cache.has("g/new"),
      ];
      const { value, reads } = await run(handler, scheduler, snapshots);
      expect(value).toEqual([["old"], false, false, "then", false]);
      expect(reads).toEqual([]);
    });

    it("gets what is there now where the bytes of a declared entry are gone, and has that noted", async () => {
      const then = [refOf("replaced", "then"), refOf("removed", "also then"), refOf("there", "still")];
      const scheduler = new Scheduler({ replaced: "now", there: "still" });
      const snapshots = [{ cache: name, pattern: "*", entries: then }];
      const load = (key: string) => async (caches: JobCache) =>
        new TextDecoder().decode((await caches.find(key)) ?? new TextEncoder().encode("absent"));
      const noted = (key: string) => [`${label}(${key})`];
      expect(await run(load("there"), scheduler, snapshots)).toEqual({ value: "still", reads: [] });
      expect(await run(load("replaced"), scheduler, snapshots)).toEqual({
        value: "now",
        reads: noted("replaced"),
      });
      expect(await run(load("removed"), scheduler, snapshots)).toEqual({
        value: "absent",
        reads: noted("removed"),
      });
      const items = async (caches: JobCache) => {
        const found: string[] = [];
        for await (const [key, bytes] of caches.items())
          found.push(`${key}=${new TextDecoder().decode(bytes)}`);
        return found.sort();
      };
      expect((await run(items, scheduler, snapshots)).value).toEqual(["replaced=now", "there=still"]);
      // As without a cache, where its bytes are gone and it is still named.
      const gone = new Scheduler({});
      gone.lost = refOf("replaced", "then");
      await expect(run(load("replaced"), gone, snapshots)).rejects.toMatchObject({
        code: "cache_entry_lost",
      });
    });

    it("that is told whether it is the first has that noted, even of a declared name", async () => {
      const snapshots = [{ cache: name, pattern: "lock", entries: [] }];
      const { reads } = await run(
        (cache) => cache.save("lock", "1", { ifAbsent: true }),
        new Scheduler(),
        snapshots,
      );
      expect(reads).toEqual([`ifAbsent(${label}(lock))`]);
    });
  });

  describe("a handler", () => {
    it("that returns before a save has ended fails, as it is not known whether that counts", async () => {
      const scheduler = new Scheduler();
      const held = Promise.withResolvers<void>();
      scheduler.hang = held.promise;
      const handler = (cache: JobCache) => {
        void cache.save("a", "1").catch(() => undefined);
        return new Promise((resolve) => setImmediate(resolve, null));
      };
      await expect(run(handler, scheduler)).rejects.toMatchObject({
        code: "context_unavailable",
        message: expect.stringContaining("await save()"),
      });
      held.resolve();
    });

    it.each([
      "../x",
      "a//b",
      "/x",
      "",
      "a/./b",
      "a/",
      "a\u0000b",
      "\uD800",
      "x".repeat(1_100),
      1 as unknown as string,
    ])("is refused the key %j, wherever one is given, before anything is asked", async (key) => {
      const uses: ((cache: JobCache) => unknown)[] = [
        (cache) => cache.save(key, "1"),
        (cache) => cache.saveJson(key, 1),
        (cache) => cache.load(key),
        (cache) => cache.find(key),
        (cache) => cache.findRef(key),
        (cache) => cache.has(key),
        (cache) => cache.open(key),
        (cache) => cache.download(key, "/dev/null"),
        (cache) => cache.delete(key),
        (cache) => cache.group(key),
        (cache) => cache.group("g").save(key, "1"),
      ];
      for (const use of uses) {
        const scheduler = new Scheduler();
        await expect(run(use, scheduler)).rejects.toMatchObject({ code: "entry_key_invalid" });
        expect(scheduler.asked).toEqual([]);
      }
    });

    it("is refused a key that is too long with its group", async () => {
      const use = (cache: JobCache) => cache.group("g".repeat(600)).save("x".repeat(600), "1");
      await expect(run(use, new Scheduler())).rejects.toThrow("is 1201 bytes long");
    });

    it("has one entry under a key in either Unicode normal form", async () => {
      const scheduler = new Scheduler({ "caf\u00e9": "coffee" });
      const use = async (cache: JobCache) => [
        await cache.loadText("cafe\u0301"),
        (await cache.save("cafe\u0301", "1")).key,
        await cache.has("caf\u00e9"),
      ];
      expect((await run(use, scheduler)).value).toEqual(["coffee", "caf\u00e9", true]);
    });

    it.each<[string, (cache: JobCache) => unknown, string]>([
      ["a key that leads out", (cache) => cache.save("../x", "1"), "entry_key_invalid"],
      ["a group that leads out", (cache) => cache.group("a/..").save("x", "1"), "entry_key_invalid"],
      ["a key without an entry", (cache) => cache.load("none"), "cache_entry_not_found"],
      ["a reference whose bytes are gone", (cache) => cache.load(refOf("x", "gone")), "cache_entry_lost"],
      ["what is no reference", (cache) => cache.load({} as EntryRef), "entry_key_invalid"],
      ["a key that is there", (cache) => cache.save("a", "1", { ifAbsent: true }), "entry_present"],
    ])("is refused %s", async (_name, handler, code) => {
      await expect(run(handler, new Scheduler({ a: "one" }))).rejects.toMatchObject({ code });
    });

    it("is refused what is not bytes", async () => {
      await expect(run((cache) => cache.save("a", 1 as never), new Scheduler())).rejects.toThrow(
        "number cannot be saved as an entry",
      );
    });
  });
});

describe("getCache", () => {
  it.each([[""], [undefined], [{}]])("refuses the name %j", async (name) => {
    const dag = new Dag("d");
    dag.task("t", (async () => await getCache(name as string).has("a")) as never)({} as never);
    const scope: AttemptScope = {
      context: CONTEXT,
      declaredContext: null,
      signal: new AbortController().signal,
      log: silentLogger,
    };
    await expect(runHandler(dag, "t", {}, scope)).rejects.toMatchObject({ code: "cache_not_configured" });
  });

  it("is refused outside a handler", () => {
    expect(() => getCache("grids")).toThrow(expect.objectContaining({ code: "context_unavailable" }));
  });
});

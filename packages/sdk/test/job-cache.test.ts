// What a handler does with its job cache, against a scheduler that answers from a map: which reads are noted, what is
// answered from the key, and what is refused.

import {
  sha256,
  silentLogger,
  type AttemptContext,
  type EntryRef,
  type EntryReply,
  type EntrySnapshot,
} from "@memodag/core";
import { Dag, getContext, type JobCache } from "@memodag/sdk";
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

const refOf = (key: string, text = key): EntryRef => ({
  cache: "",
  key,
  digest: sha256(text),
  sizeBytes: text.length,
});

async function all(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) found.push(name);
  return found;
}

/** Entries of others by key, and the requests that were made. */
class Scheduler {
  readonly asked: string[] = [];
  readonly texts: Map<string, string>;
  hang: Promise<void> | undefined;

  constructor(texts: Record<string, string> = {}) {
    this.texts = new Map(Object.entries(texts));
  }

  readonly ask: NonNullable<AttemptScope["entries"]>["ask"] = async (request) => {
    this.asked.push(request.op);
    await this.hang;
    const bytesOf = (text: string) => new TextEncoder().encode(text);
    const only = (reply: EntryReply) => ({ reply, bytes: null });
    switch (request.op) {
      case "save":
        return only({ kind: request.ifAbsent && this.texts.has(request.key) ? "present" : "saved" });
      case "find": {
        const text = this.texts.get(request.key);
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
  dag.task("t", (async () => (await handler(getContext().jobCache)) ?? null) as never)({} as never);
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
    ["loads a key", (cache) => cache.loadText("a"), "jobCache(a)"],
    ["finds a key", async (cache) => (await cache.find("b")) === undefined, "jobCache(b)"],
    ["asks for a key", (cache) => cache.has("a"), "jobCache(a)"],
    ["asks for a reference", (cache) => cache.findRef("a"), "jobCache(a)"],
    ["lists a group", (cache) => all(cache.group("g").keys()), "jobCache(g/*)"],
    ["lists below a group", (cache) => all(cache.group("g").keys({ deep: true })), "jobCache(g/**)"],
    ["lists groups", (cache) => all(cache.groups()), "jobCache(**)"],
    ["removes a key", (cache) => cache.delete("a"), "jobCache(a)"],
    ["is the first to save a key", (cache) => cache.save("c", "1", { ifAbsent: true }), "jobCache(c)"],
    [
      "is not the first to save a key",
      (cache) => cache.save("a", "1", { ifAbsent: true }).catch(() => "late"),
      "jobCache(a)",
    ],
  ])("that %s by an undeclared name has that noted", async (_name, handler, name) => {
    expect((await run(handler, new Scheduler({ a: "one" }))).reads).toEqual([name]);
  });

  it("that loads by a reference, or what it saved itself, has nothing noted", async () => {
    const scheduler = new Scheduler({ a: "one", mine: "two" });
    const handler = async (cache: JobCache) => {
      await cache.save("mine", "two");
      return [await cache.loadText(refOf("a", "one")), await cache.loadText("mine"), await cache.has("mine")];
    };
    expect(await run(handler, scheduler)).toEqual({ value: ["one", "two", true], reads: [] });
  });

  it("sees declared names as its key has them, whatever has happened since", async () => {
    const scheduler = new Scheduler({ gone: "then", "g/new": "now", late: "now" });
    const snapshots = [
      { cache: "", pattern: "g/*", entries: [refOf("g/old", "then")] },
      { cache: "", pattern: "late", entries: [] },
      { cache: "", pattern: "gone", entries: [refOf("gone", "then")] },
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

  it("that is told whether it is the first has that noted, even of a declared name", async () => {
    const snapshots = [{ cache: "", pattern: "lock", entries: [] }];
    const { reads } = await run(
      (cache) => cache.save("lock", "1", { ifAbsent: true }),
      new Scheduler(),
      snapshots,
    );
    expect(reads).toEqual(["jobCache(lock)"]);
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

import type { Digest } from "@memodag/core";
import { expect, test } from "vitest";
import { PassLookup, type FetchEntries } from "../src/pass-lookup.ts";
import type { Entry } from "../src/entry-reader.ts";
import { ManualClock } from "@memodag/core/testing";

const TIMEOUT_MS = 500;

const keys = (count: number): Digest[] => Array.from({ length: count }, (_, index) => `k${index}`);
const asks = (all: readonly Digest[]) => all.map((key) => ({ key, ttlMs: null }));

/** A backend that takes `msPerKey` for each key, and is late after the deadline that it is given. */
function backend(msPerKey: (call: number) => number) {
  const clock = new ManualClock();
  const calls: { readonly asked: number; readonly foreseen: number }[] = [];
  const fetch: FetchEntries = async ({ asked, foreseen }, timeoutMs) => {
    const tookMs = (asked.size + foreseen.length) * msPerKey(calls.length);
    calls.push({ asked: asked.size, foreseen: foreseen.length });
    clock.advance(Math.min(tookMs, timeoutMs));
    if (tookMs > timeoutMs) return { kind: "late", message: "late" };
    return { kind: "answered", value: new Map([...asked, ...foreseen].map((key) => [key, undefined])) };
  };
  return { calls, pass: new PassLookup(fetch, clock, TIMEOUT_MS) };
}

test.each([0.0001, 0.02, 0.2])("of very many keys all are answered at %s ms a key", async (msPerKey) => {
  const { pass } = backend(() => msPerKey);
  const outcome = await pass.ask(asks(keys(150_000)));
  expect(outcome.kind === "answered" && outcome.answers.size).toBe(150_000);
  expect(outcome).not.toHaveProperty("unanswered");
});

test("one call that is late makes none of very many keys run", async () => {
  for (const lateCall of [0, 1, 3]) {
    const { pass } = backend((call) => (call === lateCall ? 100 : 0.02));
    const outcome = await pass.ask(asks(keys(30_000)));
    expect(outcome.kind === "answered" && outcome.answers.size).toBe(30_000);
    expect(outcome).not.toHaveProperty("unanswered");
  }
});

test("of few keys nothing more is asked after the first call that is late", async () => {
  const { pass, calls } = backend((call) => (call < 1 ? 0.2 : 10));
  const outcome = await pass.ask(asks(keys(1_900)));
  expect(calls).toHaveLength(2);
  expect(outcome.kind === "answered" && outcome.answers.size).toBe(calls[0]!.asked);
  expect(outcome).toMatchObject({ kind: "answered", unanswered: { kind: "timeout" } });
  expect(await pass.ask(asks(["other"]))).toEqual({ kind: "timeout" });
  expect(calls).toHaveLength(2);
});

test("what was answered in time counts, and a backend that stays late is not asked for ever", async () => {
  const { pass, calls } = backend((call) => (call < 2 ? 0.2 : 10));
  const outcome = await pass.ask(asks(keys(20_000)));
  const answered = outcome.kind === "answered" ? outcome.answers.size : 0;
  expect(answered).toBe(calls[0]!.asked + calls[1]!.asked);
  expect(outcome).toMatchObject({ kind: "answered", unanswered: { kind: "timeout" } });
  expect(calls.length).toBeLessThanOrEqual(2 + 11);
});

test("keys that an answer has no room for are asked for again, each call with its own deadline", async () => {
  const clock = new ManualClock();
  const record = { xcoms: [{ sizeBytes: 10 }], ageMs: 0, error: null };
  const entry = { record, xcoms: record.xcoms } as unknown as Entry;
  let calls = 0;
  const fetch: FetchEntries = async ({ asked }, timeoutMs) => {
    calls += 1;
    clock.advance(timeoutMs * 0.9);
    return {
      kind: "answered",
      value: new Map(
        Array.from(asked)
          .slice(0, 3)
          .map((key) => [key, entry]),
      ),
    };
  };
  const all = await new PassLookup(fetch, clock, TIMEOUT_MS).ask(asks(keys(30)));
  expect(all.kind === "answered" && all.answers.size).toBe(30);
  expect(calls).toBe(10);
  const part = await new PassLookup(fetch, clock, TIMEOUT_MS).ask(asks(keys(30)), [], 50);
  expect(part).toMatchObject({ kind: "answered", isPartial: true });
  expect(part.kind === "answered" && part.answers.size).toBe(6);
});

test("many small questions share one deadline", async () => {
  const { pass, calls } = backend(() => TIMEOUT_MS / 4 + 1);
  const outcomes = [];
  for (const key of keys(10)) outcomes.push((await pass.ask(asks([key]))).kind);
  expect(outcomes.slice(0, 3)).toEqual(["answered", "answered", "answered"]);
  expect(new Set(outcomes.slice(4))).toEqual(new Set(["timeout"]));
  expect(calls.length).toBeLessThanOrEqual(4);
});

test("what is foreseen fills up calls, and never makes one larger", async () => {
  const { pass, calls } = backend(() => 0.02);
  const foreseen = keys(40_000);
  await pass.ask(asks(["first"]), foreseen);
  await pass.ask(asks(foreseen.slice(0, 900)), foreseen);
  expect(calls).toEqual([{ asked: 1, foreseen: 999 }]);
  await pass.ask(asks(["second"]), foreseen);
  expect(calls[1]!.asked).toBe(1);
  expect(calls[1]!.foreseen).toBeLessThan(10_000);
});

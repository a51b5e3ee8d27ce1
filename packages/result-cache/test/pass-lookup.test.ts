import type { Digest } from "@memodag/core";
import { expect, test } from "vitest";
import { PassLookup, type FetchEntries } from "../src/pass-lookup.ts";
import { FakeClock } from "./fake-clock.ts";

const TIMEOUT_MS = 500;

const keys = (count: number): Digest[] => Array.from({ length: count }, (_, index) => `k${index}`);
const asks = (all: readonly Digest[]) => all.map((key) => ({ key, ttlMs: null }));

/** A backend that takes `msPerKey` for each key, and is late after the deadline that it is given. */
function backend(msPerKey: (call: number) => number) {
  const clock = new FakeClock();
  const calls: { readonly asked: number; readonly foreseen: number }[] = [];
  const fetch: FetchEntries = async (asked, foreseen, timeoutMs) => {
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

test("what was answered in time counts; after the first call that is late nothing more is asked", async () => {
  const { pass, calls } = backend((call) => (call < 2 ? 0.2 : 10));
  const outcome = await pass.ask(asks(keys(20_000)));
  expect(calls).toHaveLength(3);
  const answered = outcome.kind === "answered" ? outcome.answers.size : 0;
  expect(answered).toBe(calls[0]!.asked + calls[1]!.asked);
  expect(outcome).toMatchObject({ kind: "answered", unanswered: { kind: "timeout" } });
  expect(await pass.ask(asks(["other"]))).toEqual({ kind: "timeout" });
  expect(calls).toHaveLength(3);
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

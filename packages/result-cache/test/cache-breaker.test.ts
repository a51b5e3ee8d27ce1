import { silentLogger } from "@memodag/core";
import { expect, test, vi } from "vitest";
import { CacheBreaker, type BreakerChange } from "../src/cache-breaker.ts";

const DEADLINE_MS = 20;
const never = () => new Promise<never>(() => {});
const ok = async () => "ok";
const refuse = async (): Promise<never> => {
  throw new Error("refused");
};

function newBreaker(own: { breakerThreshold?: number; breakerRestMs?: number } = {}) {
  const changes: BreakerChange["state"][] = [];
  const options = { breakerThreshold: 3, breakerRestMs: 60_000, ...own };
  const breaker = new CacheBreaker(options, silentLogger, "it", ({ state }) => changes.push(state));
  return { breaker, changes };
}

test("a call that was late is paid for once: the next goes on alone, and others are not made", async () => {
  const { breaker } = newBreaker();
  let signal: AbortSignal | undefined;
  const late = await breaker.call(DEADLINE_MS, (given) => {
    signal = given;
    return never();
  });
  expect(late).toEqual({ kind: "late", message: `no answer within ${DEADLINE_MS} ms` });
  expect(signal?.aborted).toBe(true);
  const answer = Promise.withResolvers<string>();
  const trials: boolean[] = [];
  const trial = (_signal: AbortSignal, isTrial: boolean) => {
    trials.push(isTrial);
    return answer.promise;
  };
  const message = "it was late and is not waited for until it answers in time";
  expect(await breaker.call(60_000, trial)).toEqual({ kind: "left_alone", message });
  expect(await breaker.call(60_000, trial)).toEqual({ kind: "left_alone", message });
  expect(trials).toEqual([true]);
  expect(breaker.state).toBe("closed");
  answer.resolve("in time");
  await vi.waitFor(
    async () => expect(await breaker.call(60_000, ok)).toEqual({ kind: "answered", value: "ok" }),
    20_000,
  );
});

test("a trial that is late is followed by another, until the breaker opens", async () => {
  const { breaker, changes } = newBreaker();
  let calls = 0;
  const mute = () => {
    calls += 1;
    return never();
  };
  let waited = 0;
  await vi.waitFor(async () => {
    if ((await breaker.call(DEADLINE_MS, mute)).kind === "late") waited += 1;
    expect(changes).toEqual(["open"]);
  }, 20_000);
  expect([calls, waited]).toEqual([3, 1]);
  expect(await breaker.call(DEADLINE_MS, mute)).toMatchObject({
    kind: "left_alone",
    message: "it has failed too often in a row and is left alone for a while",
  });
  expect(calls).toBe(3);
});

test("what fails at once is waited for, until the breaker opens", async () => {
  const { breaker, changes } = newBreaker();
  const kinds: string[] = [];
  for (let call = 0; call < 5; call += 1) kinds.push((await breaker.call(DEADLINE_MS, refuse)).kind);
  expect(kinds).toEqual(["failed", "failed", "failed", "left_alone", "left_alone"]);
  expect(changes).toEqual(["open"]);
});

test("nobody waits for the call that tries an open breaker, nor while it is under way", async () => {
  const { breaker, changes } = newBreaker({ breakerThreshold: 1, breakerRestMs: 1 });
  await breaker.call(DEADLINE_MS, refuse);
  const answer = Promise.withResolvers<string>();
  const trial = (): Promise<string> => answer.promise;
  await vi.waitFor(async () => {
    expect(await breaker.call(60_000, trial)).toMatchObject({ kind: "left_alone" });
    expect(changes).toEqual(["open", "half_open"]);
  }, 20_000);
  expect(await breaker.call(60_000, ok)).toMatchObject({ kind: "left_alone" });
  answer.resolve("in time");
  await vi.waitFor(() => expect(changes).toEqual(["open", "half_open", "closed"]), 20_000);
  expect(await breaker.call(60_000, ok)).toEqual({ kind: "answered", value: "ok" });
});

test("what is sent goes on alone while calls are late, and while what is sent is late", async () => {
  const { breaker } = newBreaker();
  await breaker.call(DEADLINE_MS, never);
  const sent = Promise.withResolvers<void>();
  const deliver = async () => sent.resolve();
  expect(await breaker.send(60_000, deliver)).toMatchObject({ kind: "unwaited" });
  await sent.promise;
  // That it could be sent says nothing about whether it answers.
  expect(await breaker.send(60_000, ok)).toMatchObject({ kind: "unwaited" });
  await vi.waitFor(
    async () => expect(await breaker.call(60_000, ok)).toMatchObject({ kind: "answered" }),
    20_000,
  );
  expect(await breaker.send(60_000, ok)).toEqual({ kind: "answered", value: "ok" });
  expect(await breaker.send(DEADLINE_MS, never)).toMatchObject({ kind: "late" });
  expect(await breaker.call(60_000, ok)).toEqual({ kind: "answered", value: "ok" });
  expect(await breaker.send(60_000, ok)).toMatchObject({ kind: "unwaited" });
  await vi.waitFor(
    async () => expect(await breaker.send(60_000, ok)).toMatchObject({ kind: "answered" }),
    20_000,
  );
});

import { expect, it } from "vitest";
import { withCallTimeouts } from "../src/call-timeouts.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";

/** A store with private state, whose `read` answers when a test says so. */
class Store {
  readonly #answers: PromiseWithResolvers<number>[] = [];

  async read(): Promise<number> {
    const answer = Promise.withResolvers<number>();
    this.#answers.push(answer);
    return await answer.promise;
  }

  answer(value: number): void {
    this.#answers.shift()?.resolve(value);
  }

  async fail(): Promise<never> {
    throw new Error("away");
  }
}

it("bounds each call, and doubles the timeout while calls exceed it", async () => {
  const clock = new ManualClock();
  const store = withCallTimeouts(new Store(), "numbers", clock);
  const late = (time: string) => ({
    code: "database_failed",
    fault: "infrastructure",
    message: expect.stringContaining(`No answer from the store within ${time} (numbers.read)`),
  });
  for (const [ms, time] of [
    [60_000, "1m"],
    [120_000, "2m"],
    [240_000, "4m"],
    [480_000, "8m"],
    [960_000, "16m"],
    [960_000, "16m"],
  ] as const) {
    let error: unknown;
    const reading = store.read().catch((thrown: unknown) => (error = thrown));
    clock.advance(ms - 1);
    await Promise.resolve();
    expect(error).toBeUndefined();
    clock.advance(1);
    await reading;
    expect(error).toMatchObject(late(time));
  }
  // The answers of the calls that timed out are ignored.
  for (let call = 0; call < 6; call += 1) store.answer(call);
  const inTime = store.read();
  store.answer(7);
  expect(await inTime).toBe(7);
  expect(clock.pending).toBe(0);
  const next = store.read();
  clock.advance(60_000);
  await expect(next).rejects.toMatchObject(late("1m"));
});

it("passes errors on", async () => {
  await expect(withCallTimeouts(new Store(), "numbers", new ManualClock()).fail()).rejects.toThrow("away");
});

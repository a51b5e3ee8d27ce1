// Every duration and number of a Dag file has both ends.

import { LONGEST_DURATION_MS } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { Dag, every, type DagOptions, type SensorOptions, type TaskOptions } from "../src/index.ts";

const EPOCHS: readonly (number | string)[] = [
  1e15,
  Number.MAX_VALUE,
  Infinity,
  NaN,
  "99999999w",
  `${"9".repeat(400)}d`,
  "36501d",
];

const DURATIONS: readonly [option: string, isZeroFine: boolean, declare: (value: number | string) => void][] =
  [
    ["retryDelay", true, (retryDelay) => task({ retryDelay })],
    ["maxRetryDelay", false, (maxRetryDelay) => task({ maxRetryDelay })],
    ["executionTimeout", false, (executionTimeout) => task({ executionTimeout })],
    ["cache.ttl", false, (ttl) => task({ cache: { ttl } })],
    ["cache.errors", false, (errors) => task({ cache: { errors } })],
    ["defaultArgs.retryDelay", true, (retryDelay) => dag({ defaultArgs: { retryDelay } })],
    ["pokeInterval", false, (pokeInterval) => sensor({ pokeInterval })],
    ["timeout", true, (timeout) => sensor({ timeout })],
    ["maxWait", false, (maxWait) => sensor({ maxWait })],
  ];

const NUMBERS: readonly [option: string, least: number, most: number, declare: (value: number) => void][] = [
  ["retries", 0, 10_000, (retries) => task({ retries })],
  ["poolSlots", 1, 1_000_000, (poolSlots) => task({ poolSlots })],
  ["priorityWeight", -1e9, 1e9, (priorityWeight) => task({ priorityWeight })],
  ["maxActiveRuns", 1, 1_000_000, (maxActiveRuns) => dag({ maxActiveRuns })],
  ["maxActiveTasks", 1, 1_000_000, (maxActiveTasks) => dag({ maxActiveTasks })],
  ["maxMapLength", 1, 1_000_000, (maxMapLength) => dag({ maxMapLength })],
];

function dag(options: DagOptions): Dag {
  return new Dag("ranges", options);
}

function task(options: TaskOptions<never>): void {
  dag({}).task("it", () => 1, options)({});
}

function sensor(options: SensorOptions<never>): void {
  dag({}).sensor("it", () => true, options)({});
}

describe("ranges of options", () => {
  it.each(DURATIONS)("%s", (option, isZeroFine, declare) => {
    for (const value of [0.001, "1h", LONGEST_DURATION_MS / 1_000, "36500d"]) declare(value);
    const beyond = [...EPOCHS, -1, "-1s", ...(isZeroFine ? [] : [0, "0s"])];
    for (const value of beyond) {
      expect(() => declare(value)).toThrow(
        expect.objectContaining({ code: "dag_invalid", message: expect.stringContaining(`${option} is `) }),
      );
    }
    if (isZeroFine) declare(0);
  });

  it.each(NUMBERS)("%s, from %d to %d", (option, least, most, declare) => {
    declare(least);
    declare(most);
    for (const value of [least - 1, most + 1, 2 ** 53, 2 ** 31 * 3, 1e300, Infinity, NaN, 1.5]) {
      expect(() => declare(value)).toThrow(
        expect.objectContaining({
          code: "dag_invalid",
          message: expect.stringContaining(`use an integer from ${least} to ${most}`),
        }),
      );
    }
  });

  it("every()", () => {
    expect(every("36500d")).toBe("@every 36500d");
    for (const value of [...EPOCHS, 0.5, 0, -1]) {
      expect(() => every(value)).toThrow(expect.objectContaining({ code: "dag_invalid" }));
    }
  });
});

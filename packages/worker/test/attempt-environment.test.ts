import type { Attempt, AttemptOrder } from "@memodag/core";
import { expect, test } from "vitest";
import { attemptEnvironment } from "../src/attempt-environment.ts";
import { fenceAfterMs } from "../src/liveness.ts";

const HOST = { PATH: "/bin", REGION: "us", MODE: "fast" };

function environment(env: AttemptOrder["env"], changes: Partial<Attempt>): NodeJS.ProcessEnv {
  return attemptEnvironment(HOST, { attempt: { declaredEnv: null, ...changes } as Attempt, env });
}

test("declared variables are those of the order, and not set if it has none", () => {
  expect(environment({ REGION: "eu" }, { declaredEnv: ["REGION", "MODE"] })).toEqual({
    PATH: "/bin",
    REGION: "eu",
  });
  const command = { visibleEnv: ["MODE"] } as unknown as NonNullable<Attempt["command"]>;
  expect(environment({}, { command })).toEqual({ PATH: "/bin", REGION: "us" });
  expect(environment({}, {})).toEqual(HOST);
});

test("a host ends what it runs before it counts as lost", () => {
  expect([60_000, 30_000, 9_000, 1_000].map((ms) => Math.round(fenceAfterMs(ms)))).toEqual([
    50_000, 20_000, 6_000, 667,
  ]);
});

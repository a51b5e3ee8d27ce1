import { silentLogger } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SwitchTurn } from "@memodag/metastore";
import { expect, it } from "vitest";
import { watchDatabaseSwitch } from "../src/scheduler/database-switch.ts";

const OFF: SwitchTurn = { isEnabled: false, reason: "bad data", changedBy: "ann@host", changedAt: 0 };

it("follows the switch, well within a second, and keeps what it said last while the database is away", async () => {
  const clock = new ManualClock();
  const nextLook = async (): Promise<void> => {
    clock.advance(500);
    await nextTurn();
  };
  let find = async (): Promise<SwitchTurn | undefined> => undefined;
  const followed = await watchDatabaseSwitch({ find: () => find() }, clock, silentLogger);
  expect(followed.offReason()).toBeNull();
  find = async () => OFF;
  await nextLook();
  expect(followed.offReason()).toBe(
    "memodag cache disable by ann@host at 1970-01-01T00:00:00.000Z: bad data",
  );
  find = () => Promise.reject(new Error("connection refused"));
  await nextLook();
  expect(followed.offReason()).toContain("bad data");
  find = async () => ({ ...OFF, isEnabled: true });
  await nextLook();
  expect(followed.offReason()).toBeNull();
  // A database that does not answer is asked again later.
  find = () => new Promise(() => undefined);
  await nextLook();
  find = async () => OFF;
  clock.advance(60_000);
  await nextTurn();
  await nextLook();
  expect(followed.offReason()).toContain("bad data");
  followed.close();
});

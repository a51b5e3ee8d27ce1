import { silentLogger, type Clock } from "@memodag/core";
import type { SwitchTurn } from "@memodag/metastore";
import { expect, it } from "vitest";
import { watchDatabaseSwitch } from "../src/scheduler/database-switch.ts";

const OFF: SwitchTurn = { isEnabled: false, reason: "bad data", changedBy: "ann@host", changedAt: 0 };

it("follows the switch, well within a second, and keeps what it said last while the database is away", async () => {
  const looks: { readonly ms: number; readonly look: () => void }[] = [];
  let set = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(ms, look) {
      looks.push({ ms, look });
      set.resolve();
      return () => looks.pop();
    },
  };
  const nextLook = async (): Promise<void> => {
    set = Promise.withResolvers();
    looks.at(-1)?.look();
    await set.promise;
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
  for (const { ms } of looks) expect(ms).toBeLessThanOrEqual(500);
  followed.close();
});

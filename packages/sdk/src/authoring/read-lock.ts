// Reads the `cache.lock` option of a task, and refuses combinations that contradict each other.

import type { LockConfig } from "@memodag/core";
import type { FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";

const NAMES = ["store", "wait", "onTimeout", "unavailable"] as const;

/**
 * Returns nothing for a lock that says nothing.
 * @param rules the options that `lock` is one of; `group` is the prefix of their names
 * @param isSerializable true if there is a lock at all
 * @throws MemodagError `dag_invalid` naming the option
 */
export function readLock(
  place: FaultPlace,
  rules: OptionReader,
  group: string,
  isSerializable: boolean,
): { lock?: LockConfig } {
  const value = rules.get("lock");
  if (value === undefined) return {};
  if (!isSerializable) {
    throw rules.fault("lock", {
      problem: "says how the lock of a key is taken, and there is none",
      fix: 'add isolation: "serializable", or remove lock',
    });
  }
  const reader = new OptionReader(place, `${group}lock.`, value, NAMES);
  const store = reader.text("store", undefined);
  const waitMs = reader.duration("wait", undefined, 0);
  const unavailable = reader.choice("unavailable", ["run", "wait", "fail"]) ?? "run";
  const isStrict = unavailable !== "run";
  const onTimeout = reader.choice("onTimeout", ["run", "fail"]);
  if (onTimeout !== undefined && waitMs === undefined) {
    throw reader.fault("onTimeout", {
      problem: `is "${onTimeout}", and an instance waits without limit`,
      fix: 'add wait, such as wait: "10m", or remove onTimeout',
    });
  }
  if (onTimeout === "run" && isStrict) {
    throw reader.fault("onTimeout", {
      problem: `is "run", and unavailable is "${unavailable}": the task never runs without the lock`,
      fix: 'use onTimeout: "fail", or remove unavailable',
    });
  }
  const fails = waitMs !== undefined && (onTimeout === "fail" || isStrict);
  const lock: LockConfig = {
    ...(store !== undefined && { store }),
    ...(waitMs !== undefined && { waitMs }),
    ...(fails && { onTimeout: "fail" }),
    ...(unavailable !== "run" && { unavailable }),
  };
  return Object.keys(lock).length === 0 ? {} : { lock };
}

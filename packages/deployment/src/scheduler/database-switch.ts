// The switch in the database that turns caching off for all schedulers at once, followed by one of them.

import { messageOf, withCallTimeouts, type Clock, type Logger } from "@memodag/core";
import type { CacheSwitch } from "@memodag/metastore";
import { turnOffReason } from "@memodag/operations/cache";

/** Polling interval in milliseconds: a change takes effect within a second. */
const LOOK_EVERY_MS = 250;

/** The current position of the switch. */
export interface DatabaseSwitch {
  /** Why caching is off by this switch; `null`: it is on. */
  offReason(): string | null;
  close(): void;
}

/** Reads the switch and follows it. While the database is unreachable, its last known position applies. */
export async function watchDatabaseSwitch(
  cacheSwitch: Pick<CacheSwitch, "find">,
  clock: Clock,
  log: Logger,
): Promise<DatabaseSwitch> {
  const bounded = withCallTimeouts(cacheSwitch, "cacheSwitch", clock);
  let offReason = turnOffReason(await bounded.find());
  const look = async (): Promise<void> => {
    try {
      const next = turnOffReason(await bounded.find());
      if (next !== offReason)
        log.info(next === null ? "caching was enabled" : "caching was disabled", { reason: next });
      offReason = next;
    } catch (error) {
      log.debug("the switch of the cache could not be read", { error: messageOf(error) });
    }
  };
  let cancel = clock.after(LOOK_EVERY_MS, lookAgain);
  let isClosed = false;
  function lookAgain(): void {
    void look().then(() => {
      if (!isClosed) cancel = clock.after(LOOK_EVERY_MS, lookAgain);
    });
  }
  return {
    offReason: () => offReason,
    close() {
      isClosed = true;
      cancel();
    },
  };
}

// Follows the notifications of new and changed runs; without them, a scheduler finds both when it polls.

import {
  messageOf,
  withinTimeout,
  type ChangeFeed,
  type Clock,
  type Logger,
  type Watch,
} from "@memodag/core";

/** How long opening or closing the feed may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Never rejects. A feed that takes too long to open is used when it has opened. */
export async function watchRuns(
  changes: ChangeFeed,
  clock: Clock,
  log: Logger,
  listener: () => void,
): Promise<Watch> {
  const late = (): Error => new Error(`no answer within ${TIMEOUT_MS / 1_000} s`);
  const soon = async <T>(work: Promise<T>): Promise<T> =>
    await withinTimeout(work, { clock, timeoutMs: TIMEOUT_MS, late });
  const opening = changes.watchRuns(listener);
  try {
    await soon(opening);
  } catch (error) {
    log.warn("not notified of new runs; polling for them", { error: messageOf(error) });
  }
  const close = async (): Promise<void> => await (await opening).close();
  return { close: () => soon(close()).catch(() => undefined) };
}

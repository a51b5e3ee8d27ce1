// Ctrl-C and `kill`: the first asks to end well, the second ends at once.

import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Does `work`, which is told by a promise when a signal has come or the process that started this one
 * over IPC is gone. Meanwhile this process stays alive: the timers of memodag's parts do not see to it.
 */
export async function withStopSignal<T>(work: (stopped: Promise<void>) => Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(EXIT_INTERRUPTED);
    stopped.resolve();
  };
  const onDisconnect = (): void => stopped.resolve();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("disconnect", onDisconnect);
  const alive = setInterval(() => undefined, LONGEST_INTERVAL_MS);
  try {
    return await work(stopped.promise);
  } finally {
    clearInterval(alive);
    process.off("disconnect", onDisconnect);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

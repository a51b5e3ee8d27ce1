// Ctrl-C and `kill`: the first asks to end well, the second ends at once.

import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What asks a command to end: a signal, or the end of the process that started it over IPC. */
export type StopCause = (typeof SIGNALS)[number] | "disconnect";

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * One Ctrl-C may come twice: the terminal signals the whole process group, and a parent such as `npx` passes
 * its own signal on. Signals that follow the first within this time, in milliseconds, are that one.
 */
const SAME_SIGNAL_MS = 100;

/**
 * Does `work`, which is told by a promise when a signal has come or the process that started this one
 * over IPC is gone. Meanwhile this process stays alive: the timers of memodag's parts do not see to it.
 */
export async function withStopSignal<T>(work: (stopped: Promise<StopCause>) => Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<StopCause>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    firstAt ??= now;
    if (now - firstAt >= SAME_SIGNAL_MS) process.exit(EXIT_INTERRUPTED);
    stopped.resolve(signal as StopCause);
  };
  const onDisconnect = (): void => stopped.resolve("disconnect");
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

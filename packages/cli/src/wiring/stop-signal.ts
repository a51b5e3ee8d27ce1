// Ctrl-C and `kill`: the first asks to end well, the second ends at once.

import { setTimeout as rest } from "node:timers/promises";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { stderr, stdout } from "../output/standard-streams.ts";
import { PARENT_ENDED } from "../output/stop-cause.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * One Ctrl-C may come twice: the terminal signals the whole process group, and a parent such as `npx` passes
 * its own signal on. Signals that follow the first within this time, in milliseconds, are that one.
 */
const SAME_SIGNAL_MS = 100;

/** How long output that is still being written is waited for, in milliseconds. */
const LAST_OUTPUT_MS = 100;

/** `process.exit` waits for a write that a slow reader does not take, for as long as it takes; a signal does not. */
async function endAtOnce(signal: NodeJS.Signals): Promise<void> {
  const drained = Promise.all([stdout.drained(), stderr.drained()]).then(() => true);
  if (await Promise.race([drained, rest(LAST_OUTPUT_MS, false)])) process.exit(EXIT_INTERRUPTED);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Does `work`, which is told by an abort when a signal has come or the process that started this one
 * over IPC is gone; the reason says which, in words. Meanwhile this process stays alive: the timers of memodag's parts do not see to it.
 */
export async function withStopSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopped = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    firstAt ??= now;
    if (now - firstAt >= SAME_SIGNAL_MS) void endAtOnce(signal);
    stopped.abort(signal);
  };
  const onDisconnect = (): void => stopped.abort(PARENT_ENDED);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("disconnect", onDisconnect);
  // It may have ended while this process loaded its modules. Undefined: it did not start this one over IPC.
  if ((process.connected as boolean | undefined) === false) onDisconnect();
  const alive = setInterval(() => undefined, LONGEST_INTERVAL_MS);
  try {
    return await work(stopped.signal);
  } finally {
    clearInterval(alive);
    process.off("disconnect", onDisconnect);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

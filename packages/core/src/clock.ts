// Time as a parameter, so that tests can control it. Leases and ttls use the database's clock instead.

/** Cancels a timer. */
export type CancelTimer = () => void;

/** The source of time for code that makes decisions. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start, for measuring durations. */
  monotonic(): number;
  /** Calls `callback` once, after at least `ms` milliseconds. Does not keep the process alive. */
  after(ms: number, callback: () => void): CancelTimer;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Milliseconds since the process was started, for code that has no {@link Clock}. Node loads `performance` when it is first
 * used, which takes milliseconds.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/** The clock of the host. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    // setTimeout fires at once past 2^31-1 ms.
    const wait = (leftMs: number): void => {
      const nowMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (leftMs > nowMs ? wait(leftMs - nowMs) : callback()), nowMs);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

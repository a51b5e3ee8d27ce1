// Time as a parameter, so that tests can hold it still. Lease and ttl time is the database's, not this.

/** Undoes a timer. */
export type CancelTimer = () => void;

/** Where code that decides gets its time from. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go backwards; for durations. */
  monotonic(): number;
  /** Calls `callback` once, after at least `ms` milliseconds. Does not keep the process alive. */
  after(ms: number, callback: () => void): CancelTimer;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The host's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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

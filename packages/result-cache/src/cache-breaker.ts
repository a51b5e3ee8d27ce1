// Leaves a backend alone that has failed too often in a row, so that N failures never cost N deadlines.

import { messageOf, type Logger } from "@memodag/core";
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";

/** `open`: not asked; `half_open`: one call is trying it; `closed`: asked as usual. */
export type BreakerState = "closed" | "open" | "half_open";

/** A breaker came to another state. */
export interface BreakerChange {
  readonly state: BreakerState;
  /** What failed last; `null` once the backend answers again. */
  readonly error: string | null;
}

/** Settings of a {@link CacheBreaker}. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly breakerThreshold: number;
  /** Milliseconds that it stays open before one call may try. */
  readonly breakerRestMs: number;
}

/** A circuit breaker around a cache backend. It says in the log when it changes, not at every call. */
export class CacheBreaker {
  readonly #policy: ReturnType<typeof circuitBreaker>;

  /**
   * @param backend what it is called in the log
   * @param onChange hears of every change of the state; must not throw
   */
  constructor(
    options: BreakerOptions,
    log: Logger,
    backend: string,
    onChange: (change: BreakerChange) => void = () => undefined,
  ) {
    let error: string | null = null;
    this.#policy = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(options.breakerThreshold),
      halfOpenAfter: options.breakerRestMs,
    });
    this.#policy.onBreak((reason) => {
      error = "error" in reason ? messageOf(reason.error) : null;
      onChange({ state: "open", error });
      log.warn(`${backend} fails again and again and is left alone for a while; tasks run without it`, {
        restMs: options.breakerRestMs,
        error,
      });
    });
    this.#policy.onHalfOpen(() => onChange({ state: "half_open", error }));
    this.#policy.onReset(() => {
      onChange({ state: "closed", error: null });
      log.info(`${backend} answers again`);
    });
  }

  get state(): BreakerState {
    switch (this.#policy.state) {
      case CircuitState.Closed:
        return "closed";
      case CircuitState.HalfOpen:
        return "half_open";
      default:
        return "open";
    }
  }

  /** What `work` comes to, or `open` when it was not called. Rejects with what `work` rejects with. */
  async call<T>(work: () => Promise<T>): Promise<T | "open"> {
    try {
      return await this.#policy.execute(work);
    } catch (error) {
      if (error instanceof BrokenCircuitError) return "open";
      throw error;
    }
  }
}

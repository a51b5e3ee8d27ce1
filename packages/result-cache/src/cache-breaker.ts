// Calls a backend: each call has a deadline, and no caller waits for a backend that keeps failing.

import { messageOf, type Logger } from "@memodag/core";
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";
import pTimeout from "p-timeout";

/** `open`: not asked; `half_open`: one call is trying it; `closed`: asked as usual. */
export type BreakerState = "closed" | "open" | "half_open";

/** A breaker came to another state. */
export interface BreakerChange {
  readonly state: BreakerState;
  /** The last failure; `null` once the backend answers again. */
  readonly error: string | null;
}

/** Settings of a {@link CacheBreaker}. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly breakerThreshold: number;
  /** Milliseconds that it stays open before one call may try. */
  readonly breakerRestMs: number;
}

/** A call. It must stop at the signal, which is aborted when the deadline has passed. */
export type BackendWork<T> = (signal: AbortSignal, isTrial: boolean) => Promise<T>;

class LateError extends Error {}

type CallKind = "call" | "send";

/** The outcome of a call. `late`: the deadline was waited for; `left_alone`: there is no answer to wait for. */
export type BackendOutcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "late"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "left_alone"; readonly message: string };

/** The outcome of sending. `unwaited`: it goes on, and its outcome is not awaited. */
export type SendOutcome<T> = BackendOutcome<T> | { readonly kind: "unwaited"; readonly message: string };

/**
 * A circuit breaker around a cache backend. It opens after failures in a row, and says so in the log when
 * it changes, not at every call.
 *
 * A deadline is paid once: after one call was late, and when an open breaker has rested, the next call is a
 * trial. It goes on without its caller, which is told that the backend is bypassed, as are all callers until
 * the trial is over; once one has succeeded in time, calls are waited for again. What is sent is worth doing
 * without a caller: it goes on alone for as long as calls are not waited for, or what was sent was late.
 */
export class CacheBreaker {
  readonly #policy: ReturnType<typeof circuitBreaker>;
  readonly #backend: string;
  readonly #wasLate = { call: false, send: false };
  #isTrying = false;

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
    this.#backend = backend;
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

  /**
   * Asks the backend, unless it is left alone. Never rejects, and takes no longer than `timeoutMs`.
   * @param insists the caller waits although the call before was late; an open breaker stays open
   */
  async call<T>(timeoutMs: number, work: BackendWork<T>, insists = false): Promise<BackendOutcome<T>> {
    if (insists && this.state === "closed")
      return await this.#outcomeOf("call", timeoutMs, (signal) => work(signal, false));
    return await this.#call("call", timeoutMs, work);
  }

  /** Gives the backend something. Never rejects, and takes no longer than `timeoutMs`. */
  async send<T>(timeoutMs: number, work: BackendWork<T>): Promise<SendOutcome<T>> {
    if (this.state !== "closed") return await this.#call("send", timeoutMs, work);
    const isWaitedFor = !this.#wasLate.call && !this.#wasLate.send;
    const outcome = this.#outcomeOf("send", timeoutMs, (signal) => work(signal, false));
    return isWaitedFor ? await outcome : { kind: "unwaited", message: this.#leftAlone().message };
  }

  async #call<T>(kind: CallKind, timeoutMs: number, work: BackendWork<T>): Promise<BackendOutcome<T>> {
    if (this.#isTrying) return this.#leftAlone();
    let isTrial = this.#wasLate[kind];
    const outcome = this.#outcomeOf(kind, timeoutMs, (signal) => {
      // Known only here: it is the policy that lets a call through after its rest.
      isTrial ||= this.#policy.state === CircuitState.HalfOpen;
      return work(signal, isTrial);
    });
    if (!isTrial) return await outcome;
    this.#isTrying = true;
    void outcome.then(() => (this.#isTrying = false));
    return this.#leftAlone();
  }

  async #outcomeOf<T>(
    kind: CallKind,
    timeoutMs: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<BackendOutcome<T>> {
    const deadline = new AbortController();
    try {
      const value = await this.#policy.execute(() => withinDeadline(work(deadline.signal), timeoutMs));
      this.#wasLate[kind] = false;
      return { kind: "answered", value };
    } catch (error) {
      if (error instanceof BrokenCircuitError) return this.#leftAlone();
      // The race alone would leave the work running.
      deadline.abort();
      this.#wasLate[kind] = error instanceof LateError;
      return { kind: this.#wasLate[kind] ? "late" : "failed", message: messageOf(error) };
    }
  }

  #leftAlone(): Extract<BackendOutcome<never>, { kind: "left_alone" }> {
    const why =
      this.state === "closed"
        ? "was late and is not waited for until it answers in time"
        : "has failed too often in a row and is left alone for a while";
    return { kind: "left_alone", message: `${this.#backend} ${why}` };
  }
}

/**
 * Returns the result of `work`, unless it takes longer.
 * @throws LateError
 */
async function withinDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  // Without a fallback, an error with its stack would be made for every call.
  const fallback = (): never => {
    throw new LateError(`no answer within ${Math.ceil(milliseconds)} ms`);
  };
  return await pTimeout(work, { milliseconds, fallback });
}

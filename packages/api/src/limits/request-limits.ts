// How often a principal may ask, and how many streams it may have open.

import type { Clock } from "@memodag/core";
import type { Principal } from "../principal.ts";
import { ApiProblem } from "../problem.ts";
import { TokenBuckets } from "./token-bucket.ts";

/** Limits of one server. */
export interface Limits {
  readonly readsPerSecond: number;
  readonly actsPerMinute: number;
  readonly failuresPerMinute: number;
  readonly streamsEach: number;
  readonly streams: number;
}

/** The limits of a server that is given none. */
export const DEFAULT_LIMITS: Limits = {
  readsPerSecond: 50,
  actsPerMinute: 120,
  failuresPerMinute: 10,
  streamsEach: 20,
  streams: 1_000,
};

/** Reads that may come at once, such as those of a page: as many as of four seconds. */
const BURST_SECONDS = 4;

/** Counts requests. */
export class RequestLimits {
  readonly #limits: Limits;
  readonly #reads: TokenBuckets;
  readonly #acts: TokenBuckets;
  readonly #failures: TokenBuckets;
  readonly #streams = new Map<string, number>();
  #allStreams = 0;

  constructor(limits: Limits, clock: Pick<Clock, "monotonic">) {
    const { readsPerSecond, actsPerMinute, failuresPerMinute } = limits;
    this.#limits = limits;
    this.#reads = new TokenBuckets(
      { burst: readsPerSecond * BURST_SECONDS, perSecond: readsPerSecond },
      clock,
    );
    this.#acts = new TokenBuckets({ burst: actsPerMinute, perSecond: actsPerMinute / 60 }, clock);
    this.#failures = new TokenBuckets({ burst: failuresPerMinute, perSecond: failuresPerMinute / 60 }, clock);
  }

  /** Number of streams that are open. */
  get openStreams(): number {
    return this.#allStreams;
  }

  /** @throws ApiProblem 429 */
  countRequest(principal: Principal, isAct: boolean): void {
    refuse((isAct ? this.#acts : this.#reads).take(principal.id), "requests");
  }

  /** Counts a request whose credentials are not valid. Returns what takes that back. @throws ApiProblem 429 */
  countFailure(address: string): () => void {
    refuse(this.#failures.take(address), "requests that are not signed in");
    return () => this.#failures.giveBack(address);
  }

  /** Counts a stream until the returned function is called. @throws ApiProblem 429 */
  openStream(principal: Principal): () => void {
    const who = principal.id;
    const own = this.#streams.get(who) ?? 0;
    if (own >= this.#limits.streamsEach || this.#allStreams >= this.#limits.streams)
      refuse(BURST_SECONDS, "streams that are open");
    this.#streams.set(who, own + 1);
    this.#allStreams += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#allStreams -= 1;
      const rest = (this.#streams.get(who) ?? 1) - 1;
      if (rest > 0) this.#streams.set(who, rest);
      else this.#streams.delete(who);
    };
  }
}

function refuse(seconds: number, of: string): void {
  if (seconds === 0) return;
  throw new ApiProblem(429, "api_too_many_requests", `There are too many ${of}: try again later`, {
    headers: { "retry-after": String(Math.ceil(seconds)) },
  });
}

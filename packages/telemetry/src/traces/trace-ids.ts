// The ids of traces and spans, derived from the names of runs and tries: every process finds the same ones, whichever of
// them exports a span, and a hit finds those of the try that made its result without looking anything up.

import { hash } from "node:crypto";
import type { TaskInstanceId } from "@memodag/core";

/** Names a run. */
export interface TracedRun {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
}

/** Names a try of a run. */
export interface TracedTry extends TaskInstanceId {
  readonly tryNumber: number;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

/** Ids that are remembered, at most. */
const MOST_KNOWN = 2_000;

/** Digits that decide whether a trace is sampled: as many as a number holds exactly. */
const SAMPLED_DIGITS = 13;

/** Derives ids. */
export class TraceIds {
  readonly #installation: string;
  readonly #ratio: number;
  /** Ids that are asked for again and again: of a run with many hits, those of the run and of the one that it hits. */
  readonly #known = new Map<string, string>();

  /**
   * @param secret of the installation: runs of other ones may have the same names
   * @param ratio the share of traces that are sampled, from 0 to 1
   */
  constructor(secret: Uint8Array, ratio = 1) {
    this.#installation = hash("sha256", Buffer.concat([Buffer.from("memodag traces\0"), secret]));
    this.#ratio = ratio;
  }

  /** The trace of a run. */
  traceOf({ team, dagId, runId }: TracedRun): string {
    return this.#remember(`${team}\n${dagId}\n${runId}`, () =>
      this.#digits(["trace", team, dagId, runId], TRACE_DIGITS),
    );
  }

  /** As many digits for a try, where it is named without its run. */
  traceOfTry(run: TracedRun, { taskId, mapIndex, tryNumber }: TracedTry): string {
    return this.#digits(["try", run.team, run.dagId, run.runId, taskId, mapIndex, tryNumber], TRACE_DIGITS);
  }

  /** The root span of a run's trace. */
  rootOf(traceId: string): string {
    return this.#remember(traceId, () => this.#digits(["run", traceId], SPAN_DIGITS));
  }

  /** The span of a try; of a hit, if there was no attempt. */
  spanOf(
    traceId: string,
    { taskId, mapIndex, tryNumber }: TracedTry,
    kind: "attempt" | "hit" = "attempt",
  ): string {
    return this.#digits([kind, traceId, taskId, mapIndex, tryNumber], SPAN_DIGITS);
  }

  /** True if the trace is exported: all processes agree. */
  isSampled(traceId: string): boolean {
    return parseInt(traceId.slice(-SAMPLED_DIGITS), 16) < this.#ratio * 16 ** SAMPLED_DIGITS;
  }

  /** Names of a run have no line breaks, and a trace id is none. */
  #remember(name: string, make: () => string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const made = make();
    this.#known.set(name, made);
    return made;
  }

  #digits(parts: readonly (string | number)[], count: number): string {
    return hash("sha256", `${this.#installation}${JSON.stringify(parts)}`).slice(0, count);
  }
}

/** The header of W3C Trace Context that names a span. */
export function traceparent(traceId: string, spanId: string, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

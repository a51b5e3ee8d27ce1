// Calls a sensor's handler until its condition holds, it times out, or the process should end.

import { formatDuration, MemodagError, type AttemptSensor } from "@memodag/core";

/** The clock of a sensor, in milliseconds. */
export interface SensorTime {
  /** Monotonic time: never goes backwards. */
  monotonic(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * The outcome of poking. `rescheduled`: another attempt should poke after the given number of
 * milliseconds.
 */
export type Asked =
  | { readonly kind: "found"; readonly value: unknown }
  | { readonly kind: "rescheduled"; readonly afterMs: number };

/**
 * Pokes and waits in between, according to the sensor's mode. The last poke is made when the
 * timeout is reached.
 * @throws MemodagError `sensor_timeout` or `sensor_answer_invalid`; rethrows errors of `poke`.
 */
export async function askUntilFound(
  poke: () => unknown,
  sensor: AttemptSensor,
  signal: AbortSignal,
  time: SensorTime,
): Promise<Asked> {
  const startedAt = time.monotonic();
  for (;;) {
    signal.throwIfAborted();
    const answer = readAnswer(await poke());
    if (answer.done) return { kind: "found", value: answer.value };
    const waitedMs = sensor.waitedMs + time.monotonic() - startedAt;
    const leftMs = sensor.timeoutMs - waitedMs;
    if (leftMs <= 0) throw timedOut(sensor);
    const afterMs = Math.ceil(Math.min(nextWait(sensor, waitedMs), leftMs));
    if (sensor.mode === "reschedule") return { kind: "rescheduled", afterMs };
    await time.sleep(afterMs, signal);
  }
}

/**
 * Computes the next delay from the total time waited, so that no counter has to be passed between
 * processes.
 */
function nextWait(
  { pokeIntervalMs, exponentialBackoff, maxWaitMs }: AttemptSensor,
  waitedMs: number,
): number {
  if (!exponentialBackoff || pokeIntervalMs === 0) return pokeIntervalMs;
  // n delays, each twice the one before, add up to 2^n - 1 times the first.
  const waits = Math.round(Math.log2(waitedMs / pokeIntervalMs + 1));
  return Math.min(pokeIntervalMs * 2 ** waits, maxWaitMs ?? Infinity);
}

function readAnswer(answer: unknown): { readonly done: boolean; readonly value: unknown } {
  if (typeof answer === "boolean") return { done: answer, value: null };
  if (typeof answer === "object" && answer !== null && "done" in answer) {
    const { done, value } = answer as { done: unknown; value?: unknown };
    if (typeof done === "boolean") return { done, value };
  }
  throw new MemodagError(
    "sensor_answer_invalid",
    `A sensor's handler returned ${describe(answer)}: return true or false, or { done: true, value } for a result`,
  );
}

function describe(answer: unknown): string {
  if (typeof answer === "object" && answer !== null) return "an object without a boolean `done`";
  return typeof answer === "string" ? "a string" : String(answer);
}

function timedOut({ timeoutMs }: AttemptSensor): MemodagError {
  return new MemodagError(
    "sensor_timeout",
    `The sensor timed out after ${formatDuration(timeoutMs)}: ` +
      "its condition did not hold in that time; check the condition, or raise the timeout",
    { fields: { timeoutMs } },
  );
}

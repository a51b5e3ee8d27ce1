// Asks a sensor's handler until what it looks for is there, the time is over, or the process should end.

import { formatDuration, MemodagError, type AttemptSensor } from "@memodag/core";

/** Time as a sensor needs it, in milliseconds. */
export interface SensorTime {
  /** Never goes backwards. */
  monotonic(): number;
  /** Rejects when the signal says that the attempt is to end. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What asking came to; `rescheduled`: another attempt is to ask again after so many milliseconds. */
export type Asked =
  | { readonly kind: "found"; readonly value: unknown }
  | { readonly kind: "rescheduled"; readonly afterMs: number };

/**
 * Asks, and waits in between, as the sensor's mode has it. The last time is when the time is over.
 * @throws MemodagError `sensor_timeout`, `sensor_answer_invalid`; and whatever `poke` does.
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

/** A backoff's wait follows from what has been waited alone, so that no process has to count for the next. */
function nextWait(
  { pokeIntervalMs, exponentialBackoff, maxWaitMs }: AttemptSensor,
  waitedMs: number,
): number {
  if (!exponentialBackoff || pokeIntervalMs === 0) return pokeIntervalMs;
  // n waits, each twice the one before, take 2^n - 1 times the first.
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
  return typeof answer === "string" ? "a text" : String(answer);
}

function timedOut({ timeoutMs }: AttemptSensor): MemodagError {
  return new MemodagError(
    "sensor_timeout",
    `What the sensor looks for was not there within its timeout of ${formatDuration(timeoutMs)}: ` +
      "see why it does not come, or raise the timeout",
    { fields: { timeoutMs } },
  );
}

// Options of a sensor and how they are read.

import type { SerializedSensor } from "@memodag/core";
import type { FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import {
  readTaskSettings,
  TASK_OPTION_NAMES,
  type DagTaskDefaults,
  type TaskOptions,
  type TaskSettings,
} from "./task-options.ts";

/**
 * Options of a sensor. Durations are seconds, or strings such as `"30s"`. `Name` is the union of
 * its argument names.
 *
 * @example
 * ```ts
 * dag.sensor("file", ({ path }: { path: string }) => existsSync(path), {
 *   mode: "reschedule", pokeInterval: "5m", timeout: "12h", softFail: true,
 * });
 * ```
 */
export interface SensorOptions<
  Name extends string = string,
  Args extends object = object,
> extends TaskOptions<Name, Args> {
  /**
   * `"poke"` keeps one process and its slot for the whole wait. `"reschedule"` starts a process for
   * each poke and takes no slot in between; use it for waits longer than a minute. Default:
   * `"poke"`.
   */
  readonly mode?: "poke" | "reschedule";
  /** Time between pokes. Default: one minute. */
  readonly pokeInterval?: number | string;
  /** Maximum duration of one try, counted from its first poke. Default: seven days. */
  readonly timeout?: number | string;
  /**
   * If true, the sensor is skipped where it would otherwise fail permanently because of a timeout
   * or `FailTask`. Default: false.
   */
  readonly softFail?: boolean;
  /**
   * If true, the time between pokes doubles each time, starting from `pokeInterval`. Default:
   * false.
   */
  readonly exponentialBackoff?: boolean;
  /** Maximum time between pokes with `exponentialBackoff`. Default: no maximum. */
  readonly maxWait?: number | string;
}

/** Options of a sensor that is declared without an id argument. */
export interface NamedSensorOptions<
  Name extends string = string,
  Args extends object = object,
> extends SensorOptions<Name, Args> {
  /** Default: the name of the handler function. */
  readonly taskId?: string;
}

const SENSOR_NAMES = [
  "mode",
  "pokeInterval",
  "timeout",
  "softFail",
  "exponentialBackoff",
  "maxWait",
] as const;

/** Default time between pokes, in milliseconds. */
export const DEFAULT_POKE_INTERVAL_MS: number = 60_000;
/** Default maximum duration of one try of a sensor, in milliseconds. */
export const DEFAULT_SENSOR_TIMEOUT_MS: number = 7 * 86_400_000;

/**
 * Reads a sensor's options, with the Dag's defaults applied.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readSensorOptions(
  place: FaultPlace,
  value: unknown,
  defaults: DagTaskDefaults,
): { readonly sensor: SerializedSensor; readonly settings: TaskSettings } {
  const reader = new OptionReader(place, "", value ?? {}, [...SENSOR_NAMES, ...TASK_OPTION_NAMES, "taskId"]);
  const given = TASK_OPTION_NAMES.map((name) => [name, reader.get(name)] as const);
  const settings = readTaskSettings(place, Object.fromEntries(given), defaults);
  const sensor = {
    mode: readMode(reader),
    pokeIntervalMs: reader.duration("pokeInterval", DEFAULT_POKE_INTERVAL_MS, 1),
    timeoutMs: reader.duration("timeout", DEFAULT_SENSOR_TIMEOUT_MS, 0),
    softFail: reader.flag("softFail", false),
    exponentialBackoff: reader.flag("exponentialBackoff", false),
    maxWaitMs: reader.duration("maxWait", null, 1),
  };
  return { sensor, settings };
}

function readMode(reader: OptionReader): SerializedSensor["mode"] {
  const mode = reader.get("mode");
  if (mode === undefined) return "poke";
  if (mode === "poke" || mode === "reschedule") return mode;
  throw reader.wrong("mode", mode, 'write "poke" or "reschedule"');
}

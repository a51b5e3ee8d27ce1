// What an author may say about a sensor, and how it is read.

import type { SerializedSensor } from "@memodag/core";
import type { FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import {
  readTaskSettings,
  TASK_OPTION_NAMES,
  type TaskDefaults,
  type TaskOptions,
  type TaskSettings,
} from "./task-options.ts";

/** Options of a sensor. Times are seconds, or texts such as `"30s"`. `Name`: its arguments' names. */
export interface SensorOptions<Name extends string = string> extends TaskOptions<Name> {
  /**
   * `"poke"`, the default: one process asks and waits by turns, and keeps its slot. `"reschedule"`: each
   * time it asks in a process of its own, and takes no slot in between; for waits of more than a minute.
   */
  readonly mode?: "poke" | "reschedule";
  /** Wait before it asks again. Default one minute. */
  readonly pokeInterval?: number | string;
  /** How long a try goes on, from the first time that it asks. Default seven days. */
  readonly timeout?: number | string;
  /** True: it is skipped where it would fail for good by a timeout, or by `FailTask`. Default false. */
  readonly softFail?: boolean;
  /** True: each wait is twice as long as the one before, from `pokeInterval` on. Default false. */
  readonly exponentialBackoff?: boolean;
  /** The longest wait that the backoff comes to. Default: none. */
  readonly maxWait?: number | string;
}

/** Options of a sensor whose id is not given apart. */
export interface NamedSensorOptions<Name extends string = string> extends SensorOptions<Name> {
  /** Default: the handler's name. */
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

/** Wait before a sensor asks again, unless its author says otherwise. */
export const DEFAULT_POKE_INTERVAL_MS: number = 60_000;
/** How long a sensor goes on, unless its author says otherwise. */
export const DEFAULT_SENSOR_TIMEOUT_MS: number = 7 * 86_400_000;

/**
 * Reads a sensor's options over its Dag's defaults.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readSensorOptions(
  place: FaultPlace,
  value: unknown,
  defaults: TaskDefaults,
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

// Reads the options of a task that waits for an answer.

import {
  LONGEST_DURATION_MS,
  type HumanParam,
  type HumanUser,
  type JsonValue,
  type SerializedSensor,
} from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DeclaredHitl, HitlSettings } from "./hitl.ts";
import { literalText } from "./literal.ts";
import { OptionReader } from "./option-reader.ts";
import { toJsonSchema } from "./param.ts";
import { isPlainObject } from "./plain-object.ts";
import {
  readTaskSettings,
  TASK_OPTION_NAMES,
  type DagTaskDefaults,
  type TaskSettings,
} from "./task-options.ts";

/** The option that lets what follows run. */
export const APPROVE = "Approve";
/** The option that ends what follows. */
export const REJECT = "Reject";

const BASE_NAMES = ["subject", "body", "assignedUsers", "params", "responseTimeout", "defaults"];
const HITL_NAMES = [...BASE_NAMES, "options", "multiple"];
const APPROVAL_NAMES = [...BASE_NAMES, "ignoreDownstreamTriggerRules", "failOnReject"];

/** A task that waits for an answer, after reading. */
export interface HitlDeclaration {
  readonly hitl: HitlSettings;
  /** How the wait is carried out: without a process, until there is an answer. */
  readonly sensor: SerializedSensor;
  readonly settings: TaskSettings;
}

/**
 * Reads a task that waits for an answer, with the Dag's defaults applied.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readHitl(
  place: FaultPlace,
  declared: DeclaredHitl,
  options: unknown,
  defaults: DagTaskDefaults,
): HitlDeclaration {
  const task = new OptionReader(place, "", options ?? {}, TASK_OPTION_NAMES);
  if ((task.get("cache") ?? false) !== false) {
    throw task.fault("cache", {
      problem: "is set, but each run has to ask for an answer of its own",
      fix: "remove it; tasks that use the answer may be cached",
    });
  }
  const settings = readTaskSettings(place, options, defaults);
  const hitl = readSpec(place, declared);
  const timeoutMs = hitl.timeoutMs ?? LONGEST_DURATION_MS;
  return {
    hitl,
    settings,
    sensor: {
      mode: "reschedule",
      // An answer ends the wait: nothing is looked at meanwhile.
      pokeIntervalMs: timeoutMs,
      timeoutMs,
      softFail: false,
      exponentialBackoff: false,
      maxWaitMs: null,
    },
  };
}

function readSpec(place: FaultPlace, declared: DeclaredHitl): HitlSettings {
  const isApproval = declared.kind === "approval";
  const reader = new OptionReader(
    place,
    `${declared.kind}.`,
    declared.spec,
    isApproval ? APPROVAL_NAMES : HITL_NAMES,
  );
  const options = isApproval ? [APPROVE, REJECT] : readOptions(reader);
  const multiple = !isApproval && reader.flag("multiple", false);
  return {
    subject: readText(reader, "subject"),
    body: (reader.get("body") ?? null) === null ? null : readText(reader, "body"),
    options,
    multiple,
    defaults: readDefaults(reader, options, isApproval || !multiple ? 1 : options.length, isApproval),
    params: readFields(place, reader),
    assignedUsers: readUsers(reader),
    timeoutMs: reader.duration("responseTimeout", null, 1),
    onReject: isApproval ? readRejection(reader) : null,
  };
}

function readRejection(reader: OptionReader): "fail" | "skip_next" | "skip_all" {
  const skipsAll = reader.flag("ignoreDownstreamTriggerRules", false);
  if (reader.flag("failOnReject", false)) return "fail";
  return skipsAll ? "skip_all" : "skip_next";
}

function readText(reader: OptionReader, name: string): HitlSettings["subject"] {
  const value = reader.get(name);
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "function") return value as HitlSettings["subject"];
  throw reader.wrong(
    name,
    value,
    "use a non-empty string, or a function of the task's arguments that returns one",
  );
}

function readOptions(reader: OptionReader): string[] {
  const options = reader.strings("options");
  if (options.length > 0) return options;
  throw reader.wrong("options", reader.get("options"), 'list what can be chosen, such as ["us", "eu"]');
}

function readDefaults(
  reader: OptionReader,
  options: readonly string[],
  most: number,
  isApproval: boolean,
): string[] | null {
  const value = reader.get("defaults");
  if (value === undefined) return null;
  const chosen: readonly unknown[] = isApproval ? [value] : Array.isArray(value) ? value : [];
  const distinct = [...new Set(chosen)];
  const isValid = distinct.length > 0 && distinct.every((option) => options.includes(option as string));
  if (isValid && distinct.length <= most) return distinct as string[];
  const fix = isApproval
    ? `use "${APPROVE}" or "${REJECT}"`
    : `use a list of ${most === 1 ? "one of the options" : "options"}: ${options.join(", ")}`;
  throw reader.wrong("defaults", value, fix);
}

function readUsers(reader: OptionReader): HumanUser[] {
  const value = reader.get("assignedUsers") ?? [];
  if (!Array.isArray(value))
    throw reader.wrong("assignedUsers", value, 'use a list such as [{ id: "ada", name: "Ada" }]');
  return (value as unknown[]).map((user) => {
    const { id, name } = isPlainObject(user) ? user : {};
    if (typeof id === "string" && id !== "" && typeof name === "string") return { id, name };
    throw reader.fault("assignedUsers", {
      problem: `contains ${show(user)}`,
      fix: "use { id, name } of a person",
    });
  });
}

function readFields(place: FaultPlace, reader: OptionReader): Record<string, HumanParam> {
  const value = reader.get("params") ?? {};
  if (!isPlainObject(value)) throw reader.wrong("params", value, "use an object of fields, by name");
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, readField(place, `params.${name}`, value[name])]),
  );
}

function readField(place: FaultPlace, name: string, value: unknown): HumanParam {
  const field = new OptionReader(place, `${name}.`, value, ["value", "description", "schema"]);
  if (field.get("value") === undefined) {
    throw dagInvalid(place, {
      problem: `${name} has no value`,
      fix: "add the value of a field that is left as it is",
    });
  }
  return {
    value: JSON.parse(literalText(place, `${name}.value`, field.get("value"))) as JsonValue,
    description: field.text("description", null),
    schema: toJsonSchema(place, name, field.get("schema") ?? true),
  };
}

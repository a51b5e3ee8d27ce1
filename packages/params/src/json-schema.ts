// What is wrong with a JSON schema, and with a value that does not fit one. Loading it takes ajv along, some
// tens of milliseconds: import it when there is a schema.

import { runInNewContext } from "node:vm";
import { formatJsonPath, messageOf, type JsonSchema, type JsonValue } from "@memodag/core";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Why a value does not fit. */
export interface Misfit {
  /** Where in the value, to be put behind its name: ``, at $.rows[3],``; empty for the value itself. */
  readonly where: string;
  /** Such as `must be >= 1`. */
  readonly expected: string;
  /** JSON of what is there, cut to a line. */
  readonly found: string;
}

// Unknown keywords are refused: a misspelt one would check nothing.
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false, strictRequired: false });
addFormats.default(ajv);

const LONGEST_CHECK_MS = 1_000;

const TOO_SLOW = {
  instancePath: "",
  keyword: "pattern",
  params: {},
  schemaPath: "#",
  message: "must be something that a pattern of the schema can be held against within a second",
} satisfies ErrorObject;

/** Why a schema is none of draft 2020-12; `undefined`: it is one. */
export function findSchemaFault(schema: JsonSchema): string | undefined {
  try {
    withValidator(schema, () => undefined);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The first reason why a value does not fit a schema; `undefined`: it fits. Throws for what is no schema. */
export function findMisfit(schema: JsonSchema, value: JsonValue): Misfit | undefined {
  return withValidator(schema, (validate) => {
    const answer = answerInTime(() => validate(value));
    if (answer === "fits") return undefined;
    if (answer === "late") return describe(TOO_SLOW, value);
    const [error] = validate.errors ?? [];
    if (error === undefined) throw new Error("ajv refuses a value and does not say why");
    return describe(error, value);
  });
}

/**
 * Runs a check for as long as a check may take. A `pattern` can take for ever, and whoever wrote it must not
 * hold up the scheduler that makes the run.
 */
function answerInTime(check: () => boolean): "fits" | "late" | "misfit" {
  try {
    const isFit: unknown = runInNewContext("check()", { check }, { timeout: LONGEST_CHECK_MS });
    return isFit === true ? "fits" : "misfit";
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return "late";
    throw error;
  }
}

function withValidator<T>(schema: JsonSchema, work: (validate: ValidateFunction) => T): T {
  try {
    return work(ajv.compile(schema));
  } finally {
    // Ajv keeps what it has compiled, and each Dag that is read brings schemas of its own.
    if (typeof schema === "object") ajv.removeSchema(schema);
  }
}

function describe(error: ErrorObject, value: JsonValue): Misfit {
  const names = error.instancePath
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  let found: JsonValue | undefined = value;
  const steps = names.map((name) => {
    const isElement = Array.isArray(found);
    found = (found as Record<string, JsonValue>)[name];
    return isElement ? Number(name) : name;
  });
  const text = JSON.stringify(found);
  return {
    where: steps.length === 0 ? "" : `, at ${formatJsonPath(steps)},`,
    expected: expectationOf(error),
    found: text.length > 80 ? `${text.slice(0, 79)}…` : text,
  };
}

function expectationOf({ keyword, message, params }: ErrorObject): string {
  switch (keyword) {
    case "enum":
      return `must be one of ${(params.allowedValues as JsonValue[]).map((one) => JSON.stringify(one)).join(", ")}`;
    case "const":
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case "additionalProperties":
      return `must not have a property "${params.additionalProperty}"`;
    case "unevaluatedProperties":
      return `must not have a property "${params.unevaluatedProperty}"`;
    default:
      return message ?? `must fit "${keyword}"`;
  }
}

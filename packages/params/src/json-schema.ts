// What is wrong with a JSON schema, and with a value that does not fit one. Loading it takes ajv along, some
// tens of milliseconds: import it when there is a schema.

import { runInNewContext } from "node:vm";
import {
  formatJsonPath,
  HIDDEN,
  hideSecretsIn,
  messageOf,
  type JsonSchema,
  type JsonValue,
  type SecretTest,
} from "@memodag/core";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Why a value does not fit. */
export interface Misfit {
  /** Where in the value, to be put behind its name: ``, at $.rows[3],``; empty for the value itself. */
  readonly where: string;
  /** Such as `must be >= 1`. */
  readonly expected: string;
  /** JSON of what is there, cut to a line and without secrets. */
  readonly found: string;
  /** Whether what is there is a secret: nothing of it is told. */
  readonly isSecret: boolean;
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

/**
 * The first reason why a value does not fit a schema; `undefined`: it fits. Throws for what is no schema.
 * @param isSecret which names in the value are secrets', the empty name being that of the value itself
 */
export function findMisfit(
  schema: JsonSchema,
  value: JsonValue,
  isSecret: SecretTest = () => false,
): Misfit | undefined {
  return withValidator(schema, (validate) => {
    const answer = answerInTime(() => validate(value));
    if (answer === "fits") return undefined;
    if (answer === "late") return describe(TOO_SLOW, value, isSecret);
    const [error] = validate.errors ?? [];
    if (error === undefined) throw new Error("ajv refuses a value and does not say why");
    return describe(error, value, isSecret);
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

function describe(error: ErrorObject, value: JsonValue, isSecret: SecretTest): Misfit {
  const names = error.instancePath
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  let found: JsonValue = value;
  const steps: (string | number)[] = [];
  let isHidden = isSecret("");
  for (const name of names) {
    // Names below a secret are part of it.
    if (isHidden) break;
    const isElement = Array.isArray(found);
    found = (found as Record<string, JsonValue>)[name] as JsonValue;
    steps.push(isElement ? Number(name) : name);
    isHidden = !isElement && isSecret(name);
  }
  const shown = isHidden ? HIDDEN : hideSecretsIn(found, isSecret);
  const isWhollyHidden = shown === HIDDEN;
  const text = isWhollyHidden ? HIDDEN : JSON.stringify(shown);
  return {
    where: steps.length === 0 ? "" : `, at ${formatJsonPath(steps)},`,
    expected: expectationOf(error, isWhollyHidden, isSecret),
    found: text.length > 80 ? `${text.slice(0, 79)}…` : text,
    isSecret: isWhollyHidden,
  };
}

function expectationOf(
  { keyword, message, params }: ErrorObject,
  isHidden: boolean,
  isSecret: SecretTest,
): string {
  const shown = (value: JsonValue): string => JSON.stringify(hideSecretsIn(value, isSecret));
  switch (keyword) {
    case "enum":
      return isHidden
        ? "must be one of the values that its schema lists"
        : `must be one of ${(params.allowedValues as JsonValue[]).map(shown).join(", ")}`;
    case "const":
      return isHidden ? "must be the value that its schema names" : `must be ${shown(params.allowedValue)}`;
    case "additionalProperties":
    case "unevaluatedProperties": {
      const name = params[keyword === "additionalProperties" ? "additionalProperty" : "unevaluatedProperty"];
      return isHidden ? "must not have a property of such a name" : `must not have a property "${name}"`;
    }
    default:
      return message ?? `must fit "${keyword}"`;
  }
}

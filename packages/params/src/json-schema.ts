// Validates JSON schemas and values against them. Loading this module loads ajv, which takes tens of
// milliseconds: import it only if there is a schema.

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

/** Why a value does not match. */
export interface Misfit {
  /**
   * Location within the value, to append to its name: ``, at $.rows[3],``. Empty for the value itself.
   */
  readonly where: string;
  /** Such as `must be >= 1`. */
  readonly expected: string;
  /** JSON of the value there, shortened to one line and with secrets redacted. */
  readonly found: string;
  /** True if the value there is secret, so that nothing of it may be shown. */
  readonly isSecret: boolean;
}

// Unknown keywords are errors, because a misspelled keyword would check nothing.
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false, strictRequired: false });
addFormats.default(ajv);

const LONGEST_CHECK_MS = 1_000;

const TOO_SLOW = {
  instancePath: "",
  keyword: "pattern",
  params: {},
  schemaPath: "#",
  message: "must be checked by the schema's patterns within a second",
} satisfies ErrorObject;

/** Returns why a schema is not a valid schema of draft 2020-12, or `undefined`. */
export function findSchemaFault(schema: JsonSchema): string | undefined {
  try {
    withValidator(schema, () => undefined);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Returns the first reason why a value does not match a schema, or `undefined`. Throws if the schema is
 * invalid.
 * @param isSecret tells which names in the value denote secrets; the empty name is the value itself
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
    if (error === undefined) throw new Error("ajv rejected a value without an error");
    return describe(error, value, isSecret);
  });
}

/**
 * Runs a check with a time limit. A `pattern` can backtrack for an unlimited time, and must not block the
 * scheduler that creates the run.
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
    // Ajv caches compiled schemas, and each Dag that is read has new ones.
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
        ? "must be one of the values in its schema"
        : `must be one of ${(params.allowedValues as JsonValue[]).map(shown).join(", ")}`;
    case "const":
      return isHidden ? "must be the constant in its schema" : `must be ${shown(params.allowedValue)}`;
    case "additionalProperties":
    case "unevaluatedProperties": {
      const name = params[keyword === "additionalProperties" ? "additionalProperty" : "unevaluatedProperty"];
      return isHidden ? "must not have a property with that name" : `must not have a property "${name}"`;
    }
    default:
      return message ?? `must match "${keyword}"`;
  }
}

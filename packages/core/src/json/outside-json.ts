// Parses JSON from other programs, rejecting numbers that JavaScript would silently change.

import { MemodagError } from "../errors.ts";
import { formatJsonPath, shortenJsonPath, type JsonPathStep } from "./json-path.ts";

/** A number that parsing would change. */
interface ChangedNumber {
  /** Its path, such as `$.rows[3].id`. */
  readonly path: string;
  readonly text: string;
  /** Such as `is not exact in JavaScript, which would make it 9007199254740992`. */
  readonly problem: string;
}

const LONGEST_SHOWN = 60;

/**
 * Parses JSON written by another program.
 * @throws SyntaxError if it is not JSON; MemodagError `value_not_json` for a number that would change.
 */
export function parseOutsideJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const changed = findChangedNumber(text);
  if (!changed) return value;
  const { path, problem } = changed;
  const number =
    changed.text.length > LONGEST_SHOWN ? `${changed.text.slice(0, LONGEST_SHOWN)}…` : changed.text;
  throw new MemodagError(
    "value_not_json",
    `the number ${number} at ${shortenJsonPath(path)} ${problem}: write it as a string, "${number}"`,
    { fields: { path, found: number } },
  );
}

/** Sixteen digits or an exponent. Numbers with neither are represented exactly. */
const MAY_CHANGE = /\d{16}|\d[eE]/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[[\]{},:]/gs;

/** Returns the first number of a JSON text that parsing would change, or `undefined`. */
function findChangedNumber(text: string): ChangedNumber | undefined {
  if (!MAY_CHANGE.test(text)) return undefined;
  /** The step to the next value, for each open list and object. */
  const steps: JsonPathStep[] = [];
  let isName = false;
  for (const [token] of text.matchAll(TOKEN)) {
    switch (token[0]) {
      case "[":
        steps.push(0);
        isName = false;
        break;
      case "{":
        steps.push("");
        isName = true;
        break;
      case "]":
      case "}":
        steps.pop();
        break;
      case ",": {
        const last = steps.at(-1);
        isName = typeof last === "string";
        if (typeof last === "number") steps[steps.length - 1] = last + 1;
        break;
      }
      case ":":
        isName = false;
        break;
      case '"':
        if (isName) steps[steps.length - 1] = JSON.parse(token) as string;
        break;
      default: {
        const problem = changeOf(token);
        if (problem !== null) return { path: formatJsonPath(steps), text: token, problem };
      }
    }
  }
  return undefined;
}

/** Returns how parsing changes a number, apart from the usual rounding of fractions. */
function changeOf(text: string): string | null {
  const value = Number(text);
  if (!Number.isFinite(value)) return "is larger than any number in JavaScript";
  if (value === 0 && /^[^eE]*[1-9]/.test(text)) return "is closer to zero than any number in JavaScript";
  const [, digits] = /^(-?\d+)(?:\.0*)?$/.exec(text) ?? [];
  if (digits === undefined || Number.isSafeInteger(value)) return null;
  const exact = BigInt(digits);
  // Unchanged, or printed the same: no visible change.
  const printed = exactIntegerOf(String(value));
  if (BigInt(value) === exact || printed === exact) return null;
  return `is not exact in JavaScript, which would make it ${printed}`;
}

/** Returns the integer that a number's shortest form denotes, such as `1e+23`. */
function exactIntegerOf(text: string): bigint {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e\+(\d+))?$/.exec(text) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(Number(exponent), "0")}`);
}

// The types of values in a config: how they are read, and what is expected of them.

import {
  LARGEST_SIZE,
  LONGEST_DURATION,
  MemodagError,
  parseDuration,
  parsePercentage,
  parseSize,
} from "@memodag/core";
import { INVALID, type KeyType } from "./key.ts";

/** An integer within inclusive bounds. */
export function integer(min: number, max: number): KeyType<number> {
  return {
    read: (written) =>
      typeof written === "number" && Number.isInteger(written) && written >= min && written <= max
        ? written
        : INVALID,
    json: { type: "integer", minimum: min, maximum: max },
    expected: `an integer from ${min} to ${max}`,
    kind: "integer",
  };
}

export const boolean: KeyType<boolean> = {
  read: (written) => (typeof written === "boolean" ? written : INVALID),
  json: { type: "boolean" },
  expected: "true or false",
  kind: "boolean",
};

/** One of several words. */
export function choice<const W extends readonly [string, ...string[]]>(...words: W): KeyType<W[number]> {
  const quoted = words.map((word) => JSON.stringify(word));
  return {
    read: (written) => words.find((word) => word === written) ?? INVALID,
    json: { type: "string", enum: words },
    expected: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    kind: "string",
  };
}

/** A string that matches a pattern. */
export function text(
  pattern: RegExp,
  expected: string,
  facts: { readonly secret?: boolean } = {},
): KeyType<string> {
  return {
    read: (written) => (typeof written === "string" && pattern.test(written) ? written : INVALID),
    json: { type: "string", pattern: pattern.source },
    expected,
    kind: "string",
    ...facts,
  };
}

/** A non-empty string, or a table with any keys. May contain secrets. */
export const stringOrTable: KeyType<string | Record<string, unknown>> = {
  read: (written) =>
    (typeof written === "string" && written !== "") || isTable(written) ? written : INVALID,
  json: {
    anyOf: [
      { type: "string", minLength: 1 },
      { type: "object", propertyNames: { type: "string" }, additionalProperties: {} },
    ],
  },
  expected: "a non-empty string, or a table",
  kind: "string",
  secret: true,
};

/** True for a table of TOML. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A duration with a unit, within inclusive bounds; parsed to milliseconds. */
export function duration(least: string, longest: string = LONGEST_DURATION): KeyType<number> {
  return {
    ...parsed(between(parseDuration, least, longest)),
    expected: `a duration with a unit from ${least} to ${longest}, such as "30s"`,
  };
}

/**
 * A duration with a unit, within inclusive bounds, or "never"; parsed to milliseconds, or `null` for
 * never.
 */
export function durationOrNever(least: string, longest: string = LONGEST_DURATION): KeyType<number | null> {
  const parse = between(parseDuration, least, longest);
  return {
    ...parsed((written) => (written === "never" ? null : parse(written))),
    expected: `a duration with a unit from ${least} to ${longest}, such as "12h", or "never"`,
  };
}

/** A size with a unit, within inclusive bounds; parsed to bytes. */
export function size(least: string, largest: string = LARGEST_SIZE): KeyType<number> {
  return {
    ...parsed(between(parseSize, least, largest)),
    expected: `a size with a unit from ${least} to ${largest}, such as "16MiB"`,
  };
}

/** A percentage from 0% to 100%; parsed to a share from 0 to 1. */
export const percentage: KeyType<number> = {
  ...parsed(parsePercentage),
  expected: 'a percentage from "0%" to "100%", such as "1%"',
};

function between(
  parse: (written: string) => number,
  least: string,
  most: string,
): (written: string) => number | typeof INVALID {
  return (written) => {
    const value = parse(written);
    return value >= parse(least) && value <= parse(most) ? value : INVALID;
  };
}

/** Names of environment variables in one string, separated by spaces; parsed to a list. */
export const variableNames: KeyType<string[]> = {
  ...wordList(/^[A-Za-z_][A-Za-z0-9_]*\*?$/),
  expected: 'names separated by spaces; a "*" at the end of a name matches any suffix',
};

const SCOPE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Names of scopes, as a list or in one string, separated by spaces; parsed to a list. */
export const scopeNames: KeyType<string[]> = {
  read: (written) => {
    const names = typeof written === "string" ? written.split(/\s+/).filter((name) => name !== "") : written;
    if (!Array.isArray(names)) return INVALID;
    return names.every((name) => typeof name === "string" && SCOPE_NAME.test(name)) ? names : INVALID;
  },
  json: {
    anyOf: [{ type: "array", items: { type: "string", pattern: SCOPE_NAME.source } }, { type: "string" }],
  },
  expected: 'a list of names of scopes such as ["ci"], or a string with spaces between them',
  kind: "string",
};

const NODE_OPTION = new RegExp(
  `^--(${[
    "(max-(old-space|semi-space|heap)-size|stack-trace-limit|heapsnapshot-near-heap-limit)=[1-9][0-9]{0,9}",
    "trace-(warnings|uncaught|deprecation|exit|gc|sync-io)|no-warnings|no-deprecation",
    "report-(uncaught-exception|on-fatalerror|compact)|heapsnapshot-signal=SIG[A-Z0-9]+",
    "use-(system|openssl|bundled)-ca|dns-result-order=[a-z0-9]+|no-network-family-autoselection",
  ].join("|")})$`,
);

/** Options of Node in one string; parsed to a list. */
export const nodeOptions: KeyType<string[]> = {
  ...wordList(NODE_OPTION),
  expected:
    'Node options separated by spaces, such as "--max-old-space-size=4096", for memory, reports, traces, ' +
    "certificates and DNS; options that load code are not allowed, because cache keys would not cover it",
};

/** Name patterns in one string, in which `*` matches any characters; parsed to a list. */
export const namePatterns: KeyType<string[]> = {
  ...wordList(/./s),
  expected: 'patterns of names separated by spaces, such as "*PASSWORD* *TOKEN*"',
};

/** Words separated by spaces, each of which matches a pattern. */
function wordList(pattern: RegExp): Omit<KeyType<string[]>, "expected"> {
  return parsed((written) => {
    const found = written.split(/\s+/).filter((word) => word !== "");
    return found.every((word) => pattern.test(word)) ? found : INVALID;
  });
}

/** A string that is converted; what the conversion throws says nothing beyond the key's `expected`. */
function parsed<T>(parse: (written: string) => T | typeof INVALID): Omit<KeyType<T>, "expected"> {
  return {
    read: (written) => {
      if (typeof written !== "string") return INVALID;
      try {
        return parse(written);
      } catch (error) {
        if (error instanceof MemodagError) return INVALID;
        throw error;
      }
    },
    json: { type: "string" },
    kind: "string",
  };
}

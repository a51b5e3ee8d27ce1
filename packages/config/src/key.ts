// The building blocks of config keys: a zod schema with the metadata that is shown to users.

import { LARGEST_SIZE, LONGEST_DURATION, parseDuration, parseSize } from "@memodag/core";
import * as z from "zod";

/** How the string of an environment variable is converted to the key's value. */
export type KeyKind = "integer" | "boolean" | "string";

/** Metadata of a key that is shown to users. Stored on its schema. */
export interface KeyFacts {
  /** A sentence that describes the key. */
  readonly description: string;
  /** Describes valid values, completing "expected …". */
  readonly expected: string;
  readonly kind: KeyKind;
  /** The default as written in the file; absent if the key is unset by default. */
  readonly default?: string | number | boolean;
  /** How the default is computed, if it depends on the machine; generated files do not contain its value. */
  readonly computed?: string;
  /** An example value for a key that is unset by default. */
  readonly example?: string;
  /** True if the value may contain a password. */
  readonly secret?: boolean;
  /** True if a change takes effect in running processes; otherwise it needs a restart. */
  readonly live?: boolean;
}

/** Metadata that depends on the key rather than on its type. */
type OwnFacts = Pick<KeyFacts, "description" | "example" | "live">;

/** A schema with a description of its valid values, before it has a name or a default. */
interface KeyType<S extends z.ZodType> {
  readonly schema: S;
  readonly expected: string;
  readonly kind: KeyKind;
  readonly secret?: boolean;
}

/** A key with a default, given as it would be written in the file. */
export function key<S extends z.ZodType>(
  type: KeyType<S>,
  facts: OwnFacts & { readonly default: string | number | boolean; readonly computed?: string },
) {
  // `prefault`, so that the default is parsed by the schema like a value from the file.
  return type.schema.prefault(facts.default as never).meta(factsOf(type, facts));
}

/** A key that is unset by default. */
export function unsetKey<S extends z.ZodType>(type: KeyType<S>, facts: OwnFacts) {
  return type.schema.optional().meta(factsOf(type, facts));
}

/** A required key. */
export function requiredKey<S extends z.ZodType>(type: KeyType<S>, facts: OwnFacts) {
  return type.schema.meta(factsOf(type, facts));
}

function factsOf(type: KeyType<z.ZodType>, facts: OwnFacts & Pick<KeyFacts, "default" | "computed">) {
  const { schema: _, ...typeFacts } = type;
  return { ...typeFacts, ...facts };
}

/** An integer within inclusive bounds. */
export function integer(min: number, max: number) {
  return {
    schema: z.int().min(min).max(max),
    expected: `an integer from ${min} to ${max}`,
    kind: "integer",
  } as const;
}

export const boolean = { schema: z.boolean(), expected: "true or false", kind: "boolean" } as const;

/** One of several words. */
export function choice<const W extends readonly [string, ...string[]]>(...words: W) {
  const quoted = words.map((word) => JSON.stringify(word));
  return {
    schema: z.enum(words),
    expected: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    kind: "string",
  } as const;
}

/** A string that matches a pattern. */
export function text(pattern: RegExp, expected: string, facts: { readonly secret?: boolean } = {}) {
  return { schema: z.string().regex(pattern), expected, kind: "string", ...facts } as const;
}

/** A non-empty string, or a table with any keys. May contain secrets. */
export const stringOrTable = {
  schema: z.union([z.string().min(1), z.record(z.string(), z.unknown())]),
  expected: "a non-empty string, or a table",
  kind: "string",
  secret: true,
} as const;

/** A duration with a unit, within inclusive bounds; parsed to milliseconds. */
export function duration(least: string, longest: string = LONGEST_DURATION) {
  const parse = between(parseDuration, least, longest);
  return {
    schema: parsed(z.string(), parse),
    expected: `a duration with a unit from ${least} to ${longest}, such as "30s"`,
    kind: "string",
  } as const;
}

/**
 * A duration with a unit, within inclusive bounds, or "never"; parsed to milliseconds, or `null` for
 * never.
 */
export function durationOrNever(least: string, longest: string = LONGEST_DURATION) {
  const parse = between(parseDuration, least, longest);
  return {
    schema: parsed(z.string(), (written) => (written === "never" ? null : parse(written))),
    expected: `a duration with a unit from ${least} to ${longest}, such as "12h", or "never"`,
    kind: "string",
  } as const;
}

/** A size with a unit, within inclusive bounds; parsed to bytes. */
export function size(least: string, largest: string = LARGEST_SIZE) {
  return {
    schema: parsed(z.string(), between(parseSize, least, largest)),
    expected: `a size with a unit from ${least} to ${largest}, such as "16MiB"`,
    kind: "string",
  } as const;
}

function between(
  parse: (written: string) => number,
  least: string,
  most: string,
): (written: string) => number {
  const [min, max] = [parse(least), parse(most)];
  return (written) => {
    const value = parse(written);
    if (value >= min && value <= max) return value;
    throw new Error("out of range");
  };
}

/** Names of environment variables in one string, separated by spaces; parsed to a list. */
export const variableNames = {
  schema: parsed(z.string(), (written) => {
    const names = written.split(/\s+/).filter((name) => name !== "");
    if (!names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*\*?$/.test(name))) throw new Error("not a name");
    return names;
  }),
  expected: 'names separated by spaces; a "*" at the end of a name matches any suffix',
  kind: "string",
} as const;

/** Options of Node in one string; parsed to a list. */
export const nodeOptions = {
  schema: parsed(z.string(), (written) => {
    const options = written.split(/\s+/).filter((option) => option !== "");
    if (!options.every((option) => NODE_OPTION.test(option))) throw new Error("not an option");
    return options;
  }),
  expected:
    'Node options separated by spaces, such as "--max-old-space-size=4096", for memory, reports, traces, ' +
    "certificates and DNS; options that load code are not allowed, because cache keys would not cover it",
  kind: "string",
} as const;

const NODE_OPTION = new RegExp(
  `^--(${[
    "(max-(old-space|semi-space|heap)-size|stack-trace-limit|heapsnapshot-near-heap-limit)=[1-9][0-9]{0,9}",
    "trace-(warnings|uncaught|deprecation|exit|gc|sync-io)|no-warnings|no-deprecation",
    "report-(uncaught-exception|on-fatalerror|compact)|heapsnapshot-signal=SIG[A-Z0-9]+",
    "use-(system|openssl|bundled)-ca|dns-result-order=[a-z0-9]+|no-network-family-autoselection",
  ].join("|")})$`,
);

/** Name patterns in one string, in which `*` matches any characters; parsed to a list. */
export const namePatterns = {
  schema: parsed(z.string(), (written) => written.split(/\s+/).filter((pattern) => pattern !== "")),
  expected: 'patterns of names separated by spaces, such as "*PASSWORD* *TOKEN*"',
  kind: "string",
} as const;

function parsed<T>(schema: z.ZodString, parse: (written: string) => T) {
  return schema.transform((written, context): T => {
    try {
      return parse(written);
    } catch {
      // The message comes from the key's `expected`; it only matters that there is an issue.
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  });
}

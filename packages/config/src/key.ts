// What one key of the config file is made of: a zod schema and the facts that people are told about it.

import { LARGEST_SIZE, LONGEST_DURATION, parseDuration, parseSize } from "@memodag/core";
import * as z from "zod";

/** How an environment variable's text becomes the key's value. */
export type KeyKind = "integer" | "boolean" | "string";

/** The facts about a key that are shown to people, kept on its schema as metadata. */
export interface KeyFacts {
  /** A sentence on what the key does. */
  readonly description: string;
  /** What a value must be, completing "expected …". */
  readonly expected: string;
  readonly kind: KeyKind;
  /** The default as it would be written; absent when the key is unset by default. */
  readonly default?: string | number | boolean;
  /** A value to show for a key that is unset by default. */
  readonly example?: string;
  /** True when the value may hold a password. */
  readonly secret?: boolean;
  /** True when a change takes effect in processes that are running; of the others, at their next start. */
  readonly live?: boolean;
}

/** Facts that a key has only in a section, beside those that its kind brings along. */
type OwnFacts = Pick<KeyFacts, "description" | "example" | "live">;

/** A schema and what its values must be, before it has a name or a default. */
interface KeyType<S extends z.ZodType> {
  readonly schema: S;
  readonly expected: string;
  readonly kind: KeyKind;
  readonly secret?: boolean;
}

/** A key with a default, written as the admin would write it. */
export function key<S extends z.ZodType>(
  type: KeyType<S>,
  facts: OwnFacts & { readonly default: string | number | boolean },
) {
  // Written, not parsed: the default goes through the schema like a value from the file.
  return type.schema.prefault(facts.default as never).meta(factsOf(type, facts));
}

/** A key that is unset unless the admin writes it. */
export function unsetKey<S extends z.ZodType>(type: KeyType<S>, facts: OwnFacts) {
  return type.schema.optional().meta(factsOf(type, facts));
}

/** A key that must be written. */
export function requiredKey<S extends z.ZodType>(type: KeyType<S>, facts: OwnFacts) {
  return type.schema.meta(factsOf(type, facts));
}

function factsOf(
  type: KeyType<z.ZodType>,
  facts: OwnFacts & { readonly default?: string | number | boolean },
) {
  const { schema: _, ...typeFacts } = type;
  return { ...typeFacts, ...facts };
}

/** A whole number between two bounds, both allowed. */
export function integer(min: number, max: number) {
  return {
    schema: z.int().min(min).max(max),
    expected: `a whole number from ${min} to ${max}`,
    kind: "integer",
  } as const;
}

/** True or false. */
export const boolean = { schema: z.boolean(), expected: "true or false", kind: "boolean" } as const;

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(...words: W) {
  const quoted = words.map((word) => JSON.stringify(word));
  return {
    schema: z.enum(words),
    expected: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    kind: "string",
  } as const;
}

/** A text that matches a pattern. */
export function text(pattern: RegExp, expected: string, facts: { readonly secret?: boolean } = {}) {
  return { schema: z.string().regex(pattern), expected, kind: "string", ...facts } as const;
}

/** A duration with its unit between two bounds, both allowed; parsed to milliseconds. */
export function duration(least: string, longest: string = LONGEST_DURATION) {
  const parse = between(parseDuration, least, longest);
  return {
    schema: parsed(z.string(), parse),
    expected: `a duration with its unit from ${least} to ${longest}, such as "30s"`,
    kind: "string",
  } as const;
}

/** A duration with its unit between two bounds, both allowed, or "never"; parsed to milliseconds, or null. */
export function durationOrNever(least: string, longest: string = LONGEST_DURATION) {
  const parse = between(parseDuration, least, longest);
  return {
    schema: parsed(z.string(), (written) => (written === "never" ? null : parse(written))),
    expected: `a duration with its unit from ${least} to ${longest}, such as "12h", or "never"`,
    kind: "string",
  } as const;
}

/** A size with its unit between two bounds, both allowed; parsed to bytes. */
export function size(least: string, largest: string = LARGEST_SIZE) {
  return {
    schema: parsed(z.string(), between(parseSize, least, largest)),
    expected: `a size with its unit from ${least} to ${largest}, such as "16MiB"`,
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

/** Names of environment variables in one text; parsed to a list. */
export const variableNames = {
  schema: parsed(z.string(), (written) => {
    const names = written.split(/\s+/).filter((name) => name !== "");
    if (!names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*\*?$/.test(name))) throw new Error("not a name");
    return names;
  }),
  expected: 'names separated by spaces, each with "*" at its end to stand for all that begin so',
  kind: "string",
} as const;

/** Options of Node in one text; parsed to a list. */
export const nodeOptions = {
  schema: parsed(z.string(), (written) => {
    const options = written.split(/\s+/).filter((option) => option !== "");
    if (!options.every((option) => NODE_OPTION.test(option))) throw new Error("not an option");
    return options;
  }),
  expected:
    'options of Node separated by spaces, such as "--max-old-space-size=4096": those for memory, reports, traces, ' +
    "certificates and DNS; none that loads code, which keys would not cover",
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

/** Patterns of names in one text, `*` standing for any characters; parsed to a list. */
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
      // The message comes from the key's `expected`; what counts here is that there is an issue.
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  });
}

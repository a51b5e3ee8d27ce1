// From the components of a key to what a record keeps of them: small values to read, secrets out of sight.

import { createHmac } from "node:crypto";
import { secretTest, sha256, type Digest } from "@memodag/core";
import type { KeyComponents, RecordedComponents } from "./key-components.ts";

/** Characters of a value that are kept to be shown; longer values are known by their digest alone. */
export const LONGEST_SHOWN = 120;

/** Which names are secrets, and the key under which their digests are kept. */
export interface SecretRules {
  /** Names, `*` standing for any characters; case does not count. */
  readonly patterns: readonly string[];
  readonly key: Uint8Array;
  /** Context paths whose values are secret although their names do not say so. Default: none. */
  readonly isSecretPath?: (contextPath: string) => boolean;
}

/** The answer of a key function as JSON; `isSecret`: it may have been made from a secret. */
export interface KeyAnswerShown {
  readonly json: string;
  readonly isSecret: boolean;
}

/** Parts of a key that records show besides values by name. */
export interface ShownParts {
  readonly key?: KeyAnswerShown | undefined;
  /** Digests of the fields that stand for arguments, by argument and path; `null`: not there. */
  readonly fields?:
    | readonly (readonly [
        name: string,
        fields: readonly (readonly [path: string, digest: Digest | null])[],
      ])[]
    | undefined;
}

const PARTS = ["inputs", "context", "env"] as const;

/**
 * Components as a record keeps them.
 * @param textOf the value's JSON by part and name; undefined when it is not at hand or long.
 * @param own other parts that are shown
 */
export function recordComponents(
  components: KeyComponents,
  textOf: (part: (typeof PARTS)[number], name: string) => string | undefined,
  secrets: SecretRules,
  own: ShownParts = {},
): RecordedComponents {
  const isSecret = secretTest(secrets.patterns);
  const shown: Record<string, string> = Object.create(null) as Record<string, string>;
  const kept: Record<string, Readonly<Record<string, Digest>>> = {};
  for (const part of PARTS) {
    const digests: Record<string, Digest> = Object.create(null) as Record<string, Digest>;
    for (const [name, digest] of Object.entries(components[part])) {
      if (isSecret(name) || (part === "context" && secrets.isSecretPath?.(name))) {
        digests[name] = keyed(secrets, digest);
        continue;
      }
      digests[name] = digest;
      const text = textOf(part, name);
      // A value may hold a secret under a name of its own.
      if (text !== undefined && text.length <= LONGEST_SHOWN && !isSecret(text))
        shown[`${part}.${name}`] = text;
    }
    kept[part] = digests;
  }
  const shownFields = own.fields && shownFieldsOf(own.fields, secrets, isSecret);
  const recorded = { ...components, ...kept, shown, ...(shownFields && { shownFields }) };
  if (!own.key) return recorded;
  const { json } = own.key;
  if (own.key.isSecret) return { ...recorded, key: keyed(secrets, sha256(json)) };
  if (json.length <= LONGEST_SHOWN && !isSecret(json)) shown["key"] = json;
  return recorded;
}

/** A digest that the value cannot be guessed from. */
function keyed({ key }: SecretRules, digest: Digest): Digest {
  return createHmac("sha256", key).update(digest).digest("hex");
}

/** Short forms by `NAME.PATH`: which field has changed, and not what it contains. */
function shownFieldsOf(
  fields: NonNullable<ShownParts["fields"]>,
  secrets: SecretRules,
  isSecret: (name: string) => boolean,
): Readonly<Record<string, string>> {
  const shown = Object.create(null) as Record<string, string>;
  for (const [name, ofArgument] of fields) {
    for (const [path, digest] of ofArgument) {
      const isHidden = isSecret(name) || path.split(".").some(isSecret);
      const form = digest !== null && isHidden ? keyed(secrets, digest) : digest;
      shown[`${name}.${path}`] = form === null ? "(not there)" : form.slice(0, 12);
    }
  }
  return shown;
}

// A cache key with everything that it was made from: made once, and carried until the result is stored.

import {
  isMarkedPath,
  secretTest,
  type Digest,
  type EntrySnapshot,
  type JsonSchema,
  type SerializedDag,
} from "@memodag/core";
import {
  cacheKey,
  recordComponents,
  type KeyAnswerShown,
  type RecordedComponents,
  type SecretRules,
} from "@memodag/result-cache";
import {
  keyComponents,
  keyDigests,
  type KeyDigests,
  type KeyParts,
  type KnownSurroundings,
} from "./cache-intent.ts";
import { shownEntries } from "../entries/run-entries.ts";
import { readShownValues } from "./shown-values.ts";
import type { RunResults } from "../values/run-results.ts";

/** The key of one instance. */
export class MadeKey {
  readonly key: Digest;
  readonly #parts: KeyParts;
  readonly #digests: KeyDigests;
  #recorded: Promise<RecordedComponents> | undefined;

  private constructor(parts: KeyParts, digests: KeyDigests) {
    this.key = cacheKey(keyComponents(parts, digests));
    this.#parts = parts;
    this.#digests = digests;
  }

  /** @throws MemodagError when a value that is part of the key cannot be read */
  static async make(parts: KeyParts, results: RunResults): Promise<MadeKey> {
    return new MadeKey(parts, await keyDigests(parts, results));
  }

  /** The surroundings that the key was made with; the attempt has to find the same ones. */
  get surroundings(): KnownSurroundings {
    return this.#parts.surroundings;
  }

  /** The answer of the key function that the key contains. */
  get keyJson(): string | undefined {
    return this.#parts.keyJson;
  }

  /** The entries that the key contains. */
  get entries(): readonly EntrySnapshot[] | undefined {
    return this.#parts.entries;
  }

  /** The components as a record keeps them; short values are read once from the database. */
  async recorded(results: RunResults, secrets: SecretRules): Promise<RecordedComponents> {
    this.#recorded ??= this.#record(results, secrets);
    try {
      return await this.#recorded;
    } catch (error) {
      this.#recorded = undefined;
      throw error;
    }
  }

  /** It may be a secret argument, or be made from one. */
  #keyAnswer({ patterns }: SecretRules): KeyAnswerShown | undefined {
    if (this.keyJson === undefined) return undefined;
    const isSecretName = secretTest(patterns);
    return { json: this.keyJson, isSecret: this.#parts.args.some(([name]) => isSecretName(name)) };
  }

  async #record(results: RunResults, secrets: SecretRules): Promise<RecordedComponents> {
    const textOf = await readShownValues(this.#parts, results);
    const components = keyComponents(this.#parts, this.#digests);
    const schema = contextSchema(this.#parts.dag);
    const rules = { ...secrets, isSecretPath: (path: string) => isMarkedPath(schema, path.split(".")) };
    const recorded = recordComponents(components, textOf, rules, {
      key: this.#keyAnswer(secrets),
      fields: this.#digests.fields,
    });
    const shownFiles = this.surroundings.files?.shown;
    const shown = this.entries && shownEntries(this.entries);
    return { ...recorded, ...(shownFiles && { shownFiles }), ...(shown && { shownEntries: shown }) };
  }
}

/** The schemas that a Dag gives for its params and `conf`, as one of the context. */
export function contextSchema({ paramSchemas = {}, confSchema = true }: SerializedDag): JsonSchema {
  return {
    properties: { params: { properties: paramSchemas }, dagRun: { properties: { conf: confSchema } } },
  };
}

// Components of a cache key, stored with every record so that a miss can be explained by their names.

import type { Digest, RuntimeComponent } from "@memodag/core";

/** Version of the key's shape: a change of it makes every older entry unreachable. */
export const KEY_VERSION = 2;

/**
 * Everything in a key. What is not here cannot change a hit; `mapIndex`, `runId`, `tryNumber`,
 * retries and pools are left out on purpose.
 */
export interface KeyComponents {
  readonly v: typeof KEY_VERSION;
  /** Isolates teams even where their Dags, code and inputs are the same. */
  readonly team: string;
  readonly dag: string;
  readonly task: string;
  /** Digest of the code that the task can reach. */
  readonly source: Digest;
  /** The runtime, as short strings: Node, platform, time zone, locale; of a command, its program. */
  readonly runtime: RuntimeComponent;
  /** Argument name → digest of the value's canonical JSON. */
  readonly inputs: Readonly<Record<string, Digest>>;
  /** Context path → digest of the value's canonical JSON; a digest of its own where there is none. */
  readonly context: Readonly<Record<string, Digest>>;
  /** Environment variable → digest of its text; a digest of its own when it is not set. */
  readonly env: Readonly<Record<string, Digest>>;
  /**
   * Stands in the key's text in place of Dag and task, which are still known here as those of the producer. Absent:
   * results belong to one task.
   */
  readonly share?: string;
  /** Digest of the answer of the task's key function, as canonical JSON. Absent: it has none. */
  readonly key?: Digest;
  /** Digest of the code that the key function can reach. Absent: it has none. */
  readonly keySource?: Digest;
  /** Increased by the author. */
  readonly version: string | null;
  /** Pattern of declared files → digest of which files there are and what is in them. Absent: none. */
  readonly files?: Readonly<Record<string, Digest>>;
  /** Name of declared entries, such as `jobCache(tiles/*)` → digest of which there are and their bytes. Absent: none. */
  readonly entries?: Readonly<Record<string, Digest>>;
}

/**
 * Components as a record keeps them, for explanations: no hit is decided on these. Those of an edition before
 * have fewer.
 */
export interface RecordedComponents extends Omit<KeyComponents, "v" | "runtime"> {
  /** The key's edition, see {@link KEY_VERSION}. */
  readonly v: number;
  /** Absent: of an edition before the second. */
  readonly runtime?: RuntimeComponent;
  /**
   * Short printable forms by `inputs.NAME`, `context.PATH`, `env.NAME` and `key`, of values that are small and
   * no secrets. A secret's digest is a keyed one here, so that the value cannot be guessed from it.
   */
  readonly shown?: Readonly<Record<string, string>>;
  /**
   * Short forms of the fields that stand for arguments, by `NAME.PATH`: the beginnings of their digests. Absent: all of
   * each argument is in the key, or the record is of a version before.
   */
  readonly shownFields?: Readonly<Record<string, string>>;
  /** The beginning of the digest of each declared file by its path. Absent: none, or too many. */
  readonly shownFiles?: Readonly<Record<string, string>>;
  /** The same of each declared entry, by its name. Absent: none, or too many. */
  readonly shownEntries?: Readonly<Record<string, string>>;
}

// The parts of a cache key as rows: what they are, their names, and their digests or what is shown of them.

import type { OutputOf } from "../data/api.ts";

type Components = OutputOf<"cache.show">["components"];

/** A part of a key. */
export interface KeyPart {
  readonly kind: string;
  /** Empty where there is one of its kind. */
  readonly name: string;
  /** As people read it, if that is kept; else its digest. */
  readonly value: string;
}

/** Returns the parts in the order in which people look for a cause. */
export function keyPartsOf(components: Components): KeyPart[] {
  const { inputs, files, entries, context, env, runtime, version, source, share, key } = components;
  return [
    ...rows("input", inputs, components.shown),
    ...rows("file", files, components.shownFiles),
    ...rows("entry", entries, components.shownEntries),
    ...rows("context", context),
    ...rows("env", env),
    ...one("version", version),
    ...one("source", source),
    ...rows("runtime", runtime),
    ...one("share", share),
    ...one("key function", key),
  ];
}

function rows(
  kind: string,
  digests: Readonly<Record<string, string>> | undefined,
  shown: Readonly<Record<string, string>> = {},
): KeyPart[] {
  return Object.entries(digests ?? {}).map(([name, digest]) => ({
    kind,
    name,
    value: Object.hasOwn(shown, name) ? (shown[name] ?? digest) : digest,
  }));
}

function one(kind: string, value: string | null | undefined): KeyPart[] {
  return value === null || value === undefined ? [] : [{ kind, name: "", value }];
}

// Turns the components of a key into the key. The one place where a key is hashed.

import { sha256, type Digest, type RuntimeComponent } from "@memodag/core";
import stringify from "fast-json-stable-stringify";
import type { KeyComponents } from "./key-components.ts";

/**
 * The cache key: sha256 of the components' canonical JSON (RFC 8785). The components hold digests and
 * strings alone, which is the domain in which a stable stringify is canonical; values never come here.
 */
export function cacheKey(components: KeyComponents): Digest {
  return sha256(canonicalText(components));
}

/**
 * A key's own names are known, and written in their order; a generic stringify sorts them anew for each
 * key, which took twice as long. That it is the same text is tested as a property.
 */
function canonicalText(components: KeyComponents): string {
  const {
    v,
    team,
    dag,
    task,
    source,
    runtime,
    inputs,
    context,
    env,
    version,
    files,
    entries,
    share,
    key,
    keySource,
  } = components;
  // In the text only where there are some, so that tasks without keep their keys when a part is added.
  const ownFiles = files === undefined ? "" : `"files":${stringify(files)},`;
  const ownEntries = entries === undefined ? "" : `"entries":${stringify(entries)},`;
  const ownDag = share === undefined ? `"dag":${JSON.stringify(dag)},` : "";
  const place = share === undefined ? `"task":${JSON.stringify(task)},` : "";
  const ownKey = key === undefined ? "" : `"key":${JSON.stringify(key)},`;
  const ownKeySource = keySource === undefined ? "" : `"keySource":${JSON.stringify(keySource)},`;
  const ownShare = share === undefined ? "" : `"share":${JSON.stringify(share)},`;
  return (
    `{"context":${stringify(context)},${ownDag}${ownEntries}"env":${stringify(env)},${ownFiles}` +
    `"inputs":${stringify(inputs)},${ownKey}${ownKeySource}"runtime":${runtimeText(runtime)},${ownShare}"source":${JSON.stringify(source)},` +
    `${place}"team":${JSON.stringify(team)},"v":${v},"version":${JSON.stringify(version)}}`
  );
}

/** One object for all handlers of a process: its text is made once. */
const RUNTIME_TEXTS = new WeakMap<RuntimeComponent, string>();

function runtimeText(runtime: RuntimeComponent): string {
  let text = RUNTIME_TEXTS.get(runtime);
  if (text === undefined) {
    text = stringify(runtime);
    RUNTIME_TEXTS.set(runtime, text);
  }
  return text;
}

/**
 * The digest of a list or object whose members are known by digest, such as the collected results of a
 * mapped task: members' bytes are never loaded for it. A projection is the fields, by path, that stand for a value. The first line keeps it apart from the digest of
 * any JSON text, and from one of the other kind. Member names are JSON strings, so that no name can end
 * a line.
 */
export function compositeDigest(
  kind: "list" | "object" | "projection",
  members: readonly (readonly [name: string, digest: Digest])[],
): Digest {
  const lines = members.map(([name, digest]) => `${JSON.stringify(name)} ${digest}\n`);
  return sha256(`memodag ${kind} v1\n${lines.join("")}`);
}

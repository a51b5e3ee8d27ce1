// Hashes the code that the handler of each task of a Dag file can reach.

import { posix } from "node:path";
import { messageOf, sha256, type SourceComponent } from "@memodag/core";
import { contentsOf, digestOf } from "./digest-of.ts";
import type { InputFile, SourceHashRequest } from "./hash-request.ts";
import { SourceHasher } from "./source-hasher.ts";
import type { SourceHashes, TaskSource } from "./source-hashes.ts";

/** Maximum length of code to parse, in UTF-16 code units. Longer code is hashed as a whole. */
const MAX_PARSED_LENGTH = 4 * 1024 * 1024;

/**
 * Hashes the code of every located handler. Pure: it reads nothing but the request, and equal requests
 * give equal hashes. Never throws because of the code: if something cannot be determined, the hash covers
 * the whole graph, with a warning.
 */
export function hashSources(request: SourceHashRequest): SourceHashes {
  return withInputs(hashModules(request), request.inputs ?? []);
}

function hashModules(request: SourceHashRequest): SourceHashes {
  if (request.code.length > MAX_PARSED_LENGTH) {
    return hashBytes(request, "its modules are longer than 4 MiB: move data into files that a task reads");
  }
  try {
    return new SourceHasher(request).hash();
  } catch (error) {
    return hashBytes(request, `its code could not be analysed (${messageOf(error)})`);
  }
}

/** Hashes the bytes of the code without parsing it, and every loaded package. */
function hashBytes(
  { code, located, loaded, reused = new Set() }: SourceHashRequest,
  reason: string,
): SourceHashes {
  const content = [sha256(code), contentsOf(loaded)];
  const heap = sha256(JSON.stringify(located));
  const whole = {
    kind: "statement",
    path: "",
    name: "every module",
    version: null,
    digest: sha256(code),
  } as const;
  return {
    tasks: new Map(
      located.handlers.map(([key]) => [
        key,
        {
          hash: digestOf(["bytes", key, content, heap]),
          mode: "whole_graph",
          components: [whole],
          doubts: [],
          warnings: [`covers every module of the Dag file: ${reason}`],
        },
      ]),
    ),
    impureStatements: [],
    kept: new Map(
      [...reused].map((key) => [
        key,
        [{ path: "", line: 0, column: 0, reason: `cannot be followed: ${reason}` }],
      ]),
    ),
    packages: loaded.map(({ name, version }) => ({ name, version })),
  };
}

/** Adds files that the code of any task may depend on. */
function withInputs(hashes: SourceHashes, inputs: readonly InputFile[]): SourceHashes {
  if (inputs.length === 0) return hashes;
  const components = inputs.map(({ path, digest }): SourceComponent => {
    return { kind: "asset", path, name: posix.basename(path), version: null, digest };
  });
  const parts = inputs.map(({ path, digest }) => [path, digest]);
  const withParts = (source: TaskSource): TaskSource => ({
    ...source,
    hash: digestOf(["inputs", source.hash, parts]),
    components: [...source.components, ...components],
  });
  return { ...hashes, tasks: new Map(Array.from(hashes.tasks, ([key, source]) => [key, withParts(source)])) };
}

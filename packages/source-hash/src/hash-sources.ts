// Hashes, for each task of a Dag file, the code that its handler can reach.

import { posix } from "node:path";
import { messageOf, sha256, type SourceComponent } from "@memodag/core";
import { contentsOf, digestOf } from "./digest-of.ts";
import type { InputFile, SourceHashRequest } from "./hash-request.ts";
import { SourceHasher } from "./source-hasher.ts";
import type { SourceHashes, TaskSource } from "./source-hashes.ts";

/** Above this length, in UTF-16 code units, code is not parsed: its digest stands for all of it. */
const MAX_PARSED_LENGTH = 4 * 1024 * 1024;

/**
 * Hashes every located handler's code. Pure: it reads nothing but the request, and the same request
 * gives the same hashes. Never throws for what the code is: whatever cannot be told makes the hash
 * cover the whole graph, with a warning.
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

/** Without looking into the code: its bytes, and every package that was loaded. */
function hashBytes({ code, located, loaded }: SourceHashRequest, reason: string): SourceHashes {
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
    packages: loaded.map(({ name, version }) => ({ name, version })),
  };
}

/** The same, with files that any task's code may have been made of. */
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

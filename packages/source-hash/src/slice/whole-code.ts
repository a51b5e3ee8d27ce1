// All of an artifact's code, as hashed for a task whose slice cannot be determined.

import { sha256, type Digest } from "@memodag/core";
import { nameOf, part, parts } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { ArtifactAnalysis } from "./artifact-analysis.ts";
import { readsCode } from "./hazards.ts";
import type { Slice } from "./slice.ts";

/** The stand-in for it. */
export interface WholeCode {
  readonly digest: Digest;
  /** True if the source text of functions and classes counts. */
  readonly withText: boolean;
}

/**
 * Writes the code without names of variables, comments and formatting, as for slices. If it may run code
 * that
 * cannot be inspected, such as by `eval`, every name counts, and the text of every function.
 * @param whole the slice of every unit
 */
export function wholeCode(analysis: ArtifactAnalysis, whole: Slice): WholeCode {
  const { program } = analysis;
  const shape = analysis.shapeOfProgram();
  const runsHidden = [...shape.hazards, ...whole.hazards].some((hazard) => readsCode(hazard));
  const withText = runsHidden || shape.readsText || whole.readsText || runsText(program);
  // The slice covers the targets of imports; imports that no code names are covered by their specifiers.
  const targets = shape.targets.map((target) =>
    target.kind === "import" ? [target.specifier, target.imported] : target.kind,
  );
  const spelling = runsHidden ? Array.from(program.identifiers(), (identifier) => nameOf(identifier)) : null;
  const all = [shape.digest, shape.names, targets, program.imports, exportedNames(program), spelling];
  return { digest: sha256(JSON.stringify([all, whole.digest(withText)])), withText };
}

/** Node modules that run code from strings: such code may be given functions, and read their text. */
function runsText({ imports }: Program): boolean {
  return imports.some((specifier) => /^(?:node:)?(?:inspector|repl|vm)(?:\/|$)/.test(specifier));
}

/** Names by which code outside may access the artifact, if a declaration is exported as is. */
function exportedNames({ root, units }: Program): string[] {
  const declared = parts(root, "body").flatMap((statement) => {
    const declaration =
      statement.type === "ExportNamedDeclaration" ? part(statement, "declaration") : undefined;
    if (!declaration) return [];
    return units.filter(({ node }) => node.start >= declaration.start && node.end <= declaration.end);
  });
  return declared.flatMap(({ bindings }) => bindings.map(({ name }) => name));
}

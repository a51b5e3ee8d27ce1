// Decides which uses of Node modules are known to change nothing.

import { isBuiltin } from "node:module";
import { memberName, PARENT, part, type Node } from "../program/node.ts";
import { isHarmlessImport } from "./known-calls.ts";

const CONSTANTS = new Set(["EOL", "delimiter", "sep", "version"]);

/**
 * True for a Node function that is only called in place; the function itself and its properties are
 * shared by all code.
 */
export function isKnownImport(specifier: string, imported: string, node: Node): boolean {
  if (!isBuiltin(specifier)) return false;
  const isSpace = imported === "*" || imported === "default";
  let named = node;
  let name = isSpace ? undefined : imported;
  for (let parent = named[PARENT]; parent && part(parent, "object") === named; parent = named[PARENT]) {
    name ??= memberName(parent);
    named = parent;
  }
  const user = named[PARENT];
  if (!user || user.type.startsWith("Import")) return true;
  const isUsed =
    part(user, "callee") === named || part(user, "superClass") === named || user["operator"] === "instanceof";
  if (!isUsed && !CONSTANTS.has(name ?? "")) return false;
  return isHarmlessImport(specifier, name) || (isSpace && isHarmlessImport(specifier, "default"));
}

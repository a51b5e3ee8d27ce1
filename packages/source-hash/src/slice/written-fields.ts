// Decides which fields of a node describe what code does, rather than its location and spelling.

import { nameOf, part, textOf, type Node } from "../program/node.ts";

/** Fields with the location or spelling of a node of any type. */
const PLACE_FIELDS: ReadonlySet<string> = new Set(["type", "start", "end", "range"]);
/** Fields of one type that repeat another field: the spelling of a value. */
const SPELLING: Readonly<Record<string, ReadonlySet<string>>> = {
  Literal: new Set(["raw"]),
  Property: new Set(["shorthand"]),
  // Covered by its target.
  ImportSpecifier: new Set(["imported"]),
};

/** True for a field that is not written. */
export function isSpelling(node: Node, field: string): boolean {
  if (PLACE_FIELDS.has(field) || (SPELLING[node.type]?.has(field) && !isProto(node))) return true;
  return field === "value" && node["regex"] !== undefined;
}

/**
 * Returns the name in a field of a property or an export, whether or not it is quoted or names a
 * variable.
 */
export function nameIn(node: Node, field: string): string | undefined {
  const isKey = field === "key" && node["computed"] === false;
  if (!isKey && !(field === "exported" && node.type === "ExportSpecifier")) return undefined;
  return nameOf(part(node, field)) ?? textOf(part(node, field));
}

/** `{ __proto__: x }` sets a prototype; `{ __proto__ }` sets a property. */
function isProto(node: Node): boolean {
  return node.type === "Property" && nameIn(node, "key") === "__proto__";
}

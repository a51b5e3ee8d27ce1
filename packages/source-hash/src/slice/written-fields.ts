// Which fields of a node say what code does, rather than where it stands and how it is spelled.

import { nameOf, part, textOf, type Node } from "../program/node.ts";

/** Fields that hold the place or the spelling of a node, whatever its type. */
const PLACE_FIELDS: ReadonlySet<string> = new Set(["type", "start", "end", "range"]);
/** Fields of one type that repeat what another field says: how a value was spelled. */
const SPELLING: Readonly<Record<string, ReadonlySet<string>>> = {
  Literal: new Set(["raw"]),
  Property: new Set(["shorthand"]),
  // The target that it leads to says it.
  ImportSpecifier: new Set(["imported"]),
};

/** True for a field that is not written down. */
export function isSpelling(node: Node, field: string): boolean {
  if (PLACE_FIELDS.has(field) || (SPELLING[node.type]?.has(field) && !isProto(node))) return true;
  return field === "value" && node["regex"] !== undefined;
}

/** The name in a field that holds a property's or an export's: quoted or not, and a variable's as well or not. */
export function nameIn(node: Node, field: string): string | undefined {
  const isKey = field === "key" && node["computed"] === false;
  if (!isKey && !(field === "exported" && node.type === "ExportSpecifier")) return undefined;
  return nameOf(part(node, field)) ?? textOf(part(node, field));
}

/** `{ __proto__: x }` sets a prototype, and `{ __proto__ }` a property. */
function isProto(node: Node): boolean {
  return node.type === "Property" && nameIn(node, "key") === "__proto__";
}

// Names under which an artifact's own functions may be called as methods of any object.

import { nameOf, memberName, PARENT, part, pushChildren, textOf, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import { isWritten } from "../purity/written.ts";

/** The methods that the artifact defines. */
export interface OwnMethods {
  readonly names: ReadonlySet<string>;
  /** True if a function may be put into an object under an unknown name. */
  readonly any: boolean;
}

/** Values that are not functions. */
const DATA = new Set("ArrayExpression BinaryExpression Literal ObjectExpression TemplateLiteral".split(" "));

/** Examines the whole artifact. */
export function findOwnMethods(program: Program): OwnMethods {
  const names = new Set<string>();
  let any = false;
  const pending: Node[] = program.units.filter((unit) => !program.isHelperUnit(unit)).map(({ node }) => node);
  for (const added of program.units.flatMap(({ attached }) => attached)) pending.push(added);
  for (let node = pending.pop(); node; node = pending.pop()) {
    const isMember = node.type === "MethodDefinition" || node.type === "PropertyDefinition";
    const isProperty = node.type === "Property" && node[PARENT]?.type === "ObjectExpression";
    if (isMember || isProperty) {
      const value = program.unwrap(part(node, "value"));
      const isData = isProperty && value?.type === "Literal";
      if (!isData) names.add(nameOf(part(node, "key")) ?? textOf(part(node, "key")) ?? "");
    }
    if (node.type === "MemberExpression" && isWritten(node)) {
      const name = memberName(node);
      if (name !== undefined) names.add(name);
      else any ||= mayPutFunction(node);
    }
    pushChildren(node, pending);
  }
  return { names, any };
}

/** `table[key] = value`, unless the value is certainly data. */
function mayPutFunction(member: Node): boolean {
  if (part(member, "property")?.type === "PrivateIdentifier") return false;
  const parent = member[PARENT];
  if (parent?.type === "UpdateExpression" || parent?.type === "UnaryExpression") return false;
  if (parent?.type !== "AssignmentExpression") return true;
  return parent["operator"] === "=" && !DATA.has(part(parent, "right")?.type ?? "");
}

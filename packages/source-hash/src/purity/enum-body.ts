// Recognizes the code that esbuild generates for a TypeScript enum.

import { isFunction, PARENT, part, parts, type Node } from "../program/node.ts";
import type { Binding, Program } from "../program/program.ts";

/** True for `((E) => { E[E["A"] = 0] = "A"; return E; })(E || {})`, which fills an object of its own. */
export function isEnumBody(call: Node, program: Program): boolean {
  const callee = program.unwrap(part(call, "callee"));
  const [argument, ...others] = parts(call, "arguments");
  if (!isFunction(callee) || others.length > 0 || !isOwnObject(argument, call, program)) return false;
  const [parameter, ...more] = parts(callee, "params");
  const binding = parameter && program.bindingOf(parameter);
  if (!binding || more.length > 0) return false;
  return parts(part(callee, "body"), "body").every((statement) =>
    statement.type === "ReturnStatement"
      ? names(part(statement, "argument"), binding, program)
      : isMember(part(statement, "expression"), binding, program),
  );
}

/** `E || {}` in the declaration of `E` itself: with another name, it would fill another object. */
function isOwnObject(argument: Node | undefined, call: Node, program: Program): boolean {
  if (argument?.type !== "LogicalExpression" || argument["operator"] !== "||") return false;
  const declarator = call[PARENT];
  const declared = declarator?.type === "VariableDeclarator" ? part(declarator, "id") : undefined;
  const binding = declared && program.bindingOf(declared);
  const empty = part(argument, "right");
  return (
    binding !== undefined &&
    binding !== null &&
    names(part(argument, "left"), binding, program) &&
    empty?.type === "ObjectExpression" &&
    parts(empty, "properties").length === 0
  );
}

/** `E["A"] = "a"`, or `E[E["A"] = 0] = "A"`. */
function isMember(node: Node | undefined, binding: Binding, program: Program): boolean {
  const left = part(node, "left");
  if (node?.type !== "AssignmentExpression" || left?.type !== "MemberExpression") return false;
  if (!names(part(left, "object"), binding, program) || part(node, "right")?.type !== "Literal") return false;
  const key = part(left, "property");
  return key?.type === "Literal" || isMember(key, binding, program);
}

function names(node: Node | undefined, binding: Binding, program: Program): boolean {
  return node?.type === "Identifier" && program.bindingOf(node) === binding;
}

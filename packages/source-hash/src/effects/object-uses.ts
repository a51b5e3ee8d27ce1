// Determines how code uses an object that it accesses by a name or as `this`.

import { isFunction, memberName, PARENT, part, parts, pushChildren, type Node } from "../program/node.ts";
import { isWritten } from "../purity/written.ts";
import { MUTATORS } from "./known-calls.ts";

/** True if code changes the object that is its `this`. */
export function changesThis(code: Node): boolean {
  return some(code, (node) => {
    if (node.type !== "MemberExpression") return false;
    let root: Node | undefined = node;
    while (root?.type === "MemberExpression") root = part(root, "object");
    if (root?.type !== "ThisExpression" && root?.type !== "Super") return false;
    return isWritten(node) || MUTATORS.has(memberName(node) ?? "");
  });
}

/** True for a function that receives an object as `this`, like a method. */
export function usesThis(code: Node): boolean {
  return (
    code.type !== "ArrowFunctionExpression" &&
    some(code, (node) => node.type === "ThisExpression" || node.type === "Super")
  );
}

function some(root: Node, test: (node: Node) => boolean): boolean {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (test(node)) return true;
    pushChildren(node, pending);
  }
  return false;
}

const READING = new Set(
  "at entries every filter find findIndex flatMap forEach has includes indexOf join keys length map reduce slice some values".split(
    " ",
  ),
);

/** `table.name`, `list.map((x) => …)`, `{ ...defaults }`: the object itself does not escape. */
export function isRead(identifier: Node, keys: ReadonlySet<string | undefined>): boolean {
  const parent = identifier[PARENT];
  if (parent?.type === "SpreadElement" || parent?.type === "ExportSpecifier") return true;
  if (parent?.type === "ForOfStatement") return part(parent, "right") === identifier;
  if (parent?.type !== "MemberExpression" || part(parent, "object") !== identifier || isWritten(parent))
    return false;
  const call = parent[PARENT];
  if (call?.type !== "CallExpression" || part(call, "callee") !== parent) return true;
  const name = memberName(parent);
  if (name === undefined || MUTATORS.has(name)) return false;
  // Any other built-in method may return the object, or pass it to a callback.
  if (!READING.has(name)) return keys.has(name);
  // Callbacks of lists also receive the list.
  return parts(call, "arguments").every((argument) => {
    const callback = argument.type === "CallExpression" ? parts(argument, "arguments")[0] : argument;
    if (!isFunction(callback)) return argument.type === "Literal";
    return (
      callback.type === "ArrowFunctionExpression" &&
      parts(callback, "params").every(({ type }) => type !== "RestElement") &&
      parts(callback, "params").length <= (name === "reduce" ? 3 : 2)
    );
  });
}

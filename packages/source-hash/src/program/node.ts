// A node of a syntax tree, and access to its parts.

/** The parent of a node; absent at the root. A symbol, so that no traversal goes up. */
export const PARENT: unique symbol = Symbol("parent");

/** A node of an ESTree syntax tree. Offsets count UTF-16 code units from the start of the code. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
  [PARENT]?: Node;
}

/** True for a node, as opposed to a literal value, a list or nothing. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** Returns the node in a field, or `undefined`. */
export function part(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

/** Returns the nodes in a field that holds a list, without holes of array patterns and literals. */
export function parts(node: Node | undefined, field: string): Node[] {
  const value = node?.[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Appends every direct child to a list. */
export function pushChildren(node: Node, list: Node[]): void {
  for (const field in node) {
    const value = node[field];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) list.push(item);
    } else if (isNode(value)) {
      list.push(value);
    }
  }
}

/** True if `inner` is within `outer`, or equal to it. */
export function contains(outer: Node, inner: Node): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Returns the name of an identifier, or `undefined` for any other node. */
export function nameOf(node: Node | undefined): string | undefined {
  return node?.type === "Identifier" ? (node["name"] as string) : undefined;
}

/** Returns the value of a string literal, or `undefined` for any other node. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}

/**
 * Returns the property that a member expression names by identifier or literal; `undefined` if it is
 * computed.
 */
export function memberName(node: Node | undefined): string | undefined {
  if (node?.type !== "MemberExpression") return undefined;
  const property = part(node, "property");
  if (node["computed"] === true) {
    const value = property?.type === "Literal" ? property["value"] : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  }
  return property?.type === "PrivateIdentifier" ? undefined : nameOf(property);
}

/** A function of any form. */
export type FunctionNode = Node & { readonly type: `${"Arrow" | ""}Function${"Declaration" | "Expression"}` };

/** A class of any form. */
export type ClassNode = Node & { readonly type: "ClassDeclaration" | "ClassExpression" };

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** True for a function of any form. */
export function isFunction(node: Node | undefined): node is FunctionNode {
  return node !== undefined && FUNCTIONS.has(node.type);
}

/** True for a class of any form. */
export function isClass(node: Node | undefined): node is ClassNode {
  return node?.type === "ClassDeclaration" || node?.type === "ClassExpression";
}

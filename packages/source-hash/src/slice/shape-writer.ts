// Writes code down as the text that its digest is taken of.

import { sha256 } from "@memodag/core";
import {
  contains,
  isClass,
  isFunction,
  isNode,
  nameOf,
  PARENT,
  part,
  parts,
  textOf,
  type Node,
} from "../program/node.ts";
import type { Binding, Program } from "../program/program.ts";
import { findHazard, readsNames } from "./hazards.ts";
import type { Shape } from "./shape.ts";
import type { Target } from "./target.ts";

/** Fields that hold the place or the spelling of a node, whatever its type. */
const PLACE_FIELDS: ReadonlySet<string> = new Set(["type", "start", "end", "range"]);
/** Fields of one type that repeat what another field says: how a value was spelled. */
const SPELLING: Readonly<Record<string, ReadonlySet<string>>> = {
  Literal: new Set(["raw"]),
  Property: new Set(["shorthand"]),
};

/**
 * The shape of some nodes, written one after the other.
 * @param inert expressions that the SDK keeps and does not run: within the nodes, they are left out.
 */
export function writeShape(program: Program, nodes: readonly Node[], inert: ReadonlySet<Node>): Shape {
  return new ShapeWriter(program, nodes, inert).write();
}

class ShapeWriter {
  readonly #program: Program;
  readonly #nodes: readonly Node[];
  readonly #inert: ReadonlySet<Node>;
  readonly #text: string[] = [];
  readonly #targets: Target[] = [];
  readonly #numbers = new Map<Binding | string, number>();
  readonly #locals = new Map<Binding, number>();
  readonly #hazards = new Set<string>();
  readonly #names: string[] = [];
  #readsNames = false;

  constructor(program: Program, nodes: readonly Node[], inert: ReadonlySet<Node>) {
    this.#program = program;
    this.#nodes = nodes;
    this.#inert = inert;
  }

  write(): Shape {
    for (const node of this.#nodes) {
      // `const` or `var` is said by the declaration, which may have other declarators.
      if (node.type === "VariableDeclarator") this.#put(String(node[PARENT]?.["kind"]), " ");
      this.#writeBare(node);
    }
    return {
      digest: sha256(this.#text.join("")),
      targets: this.#targets,
      hazards: [...this.#hazards],
      readsNames: this.#readsNames,
      names: this.#names,
      locals: this.#locals,
    };
  }

  #writeNode(node: Node): void {
    if (this.#inert.has(node)) return this.#put("inert;");
    this.#writeBare(node);
  }

  #writeBare(node: Node): void {
    if (node.type === "Identifier") return this.#writeIdentifier(node);
    const bare = this.#program.unwrap(node);
    if (bare && bare !== node) {
      this.#names.push(textOf(parts(node, "arguments")[1]) ?? "");
      return this.#writeNode(bare);
    }
    if (this.#isNaming(node)) return this.#put("name;");
    if (this.#writesRequire(node)) return;
    this.#note(node);
    this.#put(node.type, "{");
    for (const field in node) {
      if (PLACE_FIELDS.has(field) || SPELLING[node.type]?.has(field)) continue;
      if (field === "value" && node["regex"] !== undefined) continue;
      this.#put(field, ":");
      this.#writeValue(node[field]);
    }
    this.#put("}");
  }

  #writeValue(value: unknown): void {
    if (isNode(value)) return this.#writeNode(value);
    if (Array.isArray(value)) {
      this.#put("[");
      for (const item of value) this.#writeValue(item);
      return this.#put("]");
    }
    if (typeof value === "object" && value !== null) {
      this.#put("(");
      for (const [field, inner] of Object.entries(value)) {
        this.#put(field, ":");
        this.#writeValue(inner);
      }
      return this.#put(")");
    }
    this.#put(typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${String(value)}`, ";");
  }

  #writeIdentifier(node: Node): void {
    const name = nameOf(node) as string;
    const binding = this.#program.bindingOf(node);
    if (binding === undefined) return this.#put("word ", name, ";");
    if (binding === null || (binding.defs.length === 0 && name === "arguments")) {
      this.#note(node);
      return this.#put("global ", name, ";");
    }
    this.#noteName(node);
    const imported = this.#program.importOf(binding);
    if (imported) return this.#writeTarget(binding, { kind: "import", ...imported });
    const units = this.#program.unitsOf(binding);
    if (units.length > 0) return this.#writeTarget(binding, { kind: "units", binding, units });
    const block = binding.scope.block as unknown as Node;
    if (this.#nodes.some((root) => contains(root, block))) return this.#writeLocal(binding);
    this.#writeTarget(binding, { kind: "captured", binding });
  }

  #writeTarget(key: Binding | string, target: Target): void {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#targets.length;
      this.#numbers.set(key, number);
      this.#targets.push(target);
    }
    this.#put("@", String(number), ";");
  }

  #writeLocal(key: Binding): void {
    let number = this.#locals.get(key);
    if (number === undefined) this.#locals.set(key, (number = this.#locals.size));
    this.#put("$", String(number), ";");
  }

  /** `import("x")` and `require("x")` of something outside lead where an import declaration leads. */
  #writesRequire(node: Node): boolean {
    if (node.type === "ImportExpression") {
      const specifier = textOf(part(node, "source"));
      if (specifier === undefined) return false;
      this.#put("import;");
      this.#writeTarget(`import ${specifier}`, { kind: "import", specifier, imported: "*" });
      return true;
    }
    if (node.type !== "CallExpression" || !this.#program.isHelper(part(node, "callee"), "__require"))
      return false;
    const specifier = textOf(parts(node, "arguments")[0]);
    if (specifier === undefined) {
      this.#hazards.add("a computed require()");
      return false;
    }
    this.#put("require;");
    this.#writeTarget(`require ${specifier}`, { kind: "import", specifier, imported: "*" });
    return true;
  }

  #isNaming(statement: Node): boolean {
    if (statement.type !== "ExpressionStatement") return false;
    const call = part(statement, "expression");
    if (call?.type !== "CallExpression" || !this.#program.isHelper(part(call, "callee"), "__name"))
      return false;
    this.#names.push(textOf(parts(call, "arguments")[1]) ?? "");
    return true;
  }

  #note(node: Node): void {
    const hazard = findHazard(node, this.#program);
    if (hazard) this.#hazards.add(hazard);
    if (readsNames(node, this.#program)) this.#readsNames = true;
  }

  /** The name of a declared function or class is its `name`, unless the bundler set another. */
  #noteName(identifier: Node): void {
    const parent = identifier[PARENT];
    if ((isFunction(parent) || isClass(parent)) && part(parent, "id") === identifier) {
      this.#names.push(nameOf(identifier) as string);
    }
  }

  #put(...text: readonly string[]): void {
    this.#text.push(...text);
  }
}

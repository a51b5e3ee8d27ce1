// Writes code in the canonical form from which its digest is computed.

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
import type { FunctionTexts } from "./function-texts.ts";
import { findHazard, revealsHidden } from "./hazards.ts";
import type { Shape } from "./shape.ts";
import type { Target } from "./target.ts";
import { isSpelling, nameIn } from "./written-fields.ts";

/**
 * Returns the shape of some nodes, written one after the other.
 * @param inert expressions that the SDK stores and does not run: they are left out
 */
export function writeShape(sources: ShapeSources, nodes: readonly Node[], inert: ReadonlySet<Node>): Shape {
  return new ShapeWriter(sources, nodes, inert).write();
}

/** The inputs for writing a shape. */
export interface ShapeSources {
  readonly program: Program;
  readonly texts: FunctionTexts;
}

class ShapeWriter {
  readonly #program: Program;
  readonly #texts: FunctionTexts;
  readonly #nodes: readonly Node[];
  readonly #inert: ReadonlySet<Node>;
  readonly #text: string[] = [];
  readonly #targets: Target[] = [];
  readonly #numbers = new Map<Binding | string, number>();
  readonly #locals = new Map<Binding, number>();
  readonly #hazards = new Set<string>();
  readonly #names: string[] = [];
  readonly #code: Node[] = [];
  #readsText = false;
  #prunes = false;
  #reveals = false;

  constructor({ program, texts }: ShapeSources, nodes: readonly Node[], inert: ReadonlySet<Node>) {
    this.#program = program;
    this.#texts = texts;
    this.#nodes = nodes;
    this.#inert = inert;
  }

  write(): Shape {
    for (const node of this.#nodes) {
      // `const` or `var` is a property of the declaration, which may have other declarators.
      if (node.type === "VariableDeclarator") this.#put(String(node[PARENT]?.["kind"]), " ");
      this.#writeBare(node);
    }
    return {
      digest: sha256(this.#text.join("")),
      targets: this.#targets,
      hazards: [...this.#hazards],
      prunes: this.#prunes,
      reveals: this.#reveals,
      readsText: this.#readsText,
      code: this.#code,
      names: this.#names,
      locals: this.#locals,
    };
  }

  #writeNode(node: Node): void {
    if (this.#inert.has(node)) {
      this.#prunes = true;
      return this.#put("inert;");
    }
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
    if (isFunction(node) || isClass(node)) this.#noteCode(node);
    this.#put(node.type, "{");
    for (const field in node) {
      if (isSpelling(node, field)) continue;
      // The key of a lazily evaluated module is its path.
      if (field === "key" && this.#isModuleOfBundler(node)) continue;
      const name = nameIn(node, field);
      this.#put(field, ":");
      if (name === undefined) this.#writeValue(node[field]);
      else this.#put("name ", JSON.stringify(name), ";");
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
    if (revealsHidden(node, this.#program)) this.#reveals = true;
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

  /**
   * `import("x")` and `require("x")` of outside code lead to the same target as an import declaration.
   */
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
    const [subject, text] = parts(call, "arguments");
    // The enclosing class has no name of its own for it.
    if (subject?.type === "ThisExpression" && !part(statement[PARENT]?.[PARENT]?.[PARENT], "id"))
      this.#names.push(textOf(text) ?? "");
    return true;
  }

  #isModuleOfBundler(node: Node): boolean {
    const call = node.type === "Property" ? node[PARENT]?.[PARENT] : undefined;
    const callee = call?.type === "CallExpression" ? part(call, "callee") : undefined;
    return this.#program.isHelper(callee, "__esm") || this.#program.isHelper(callee, "__commonJS");
  }

  #note(node: Node): void {
    const hazard = findHazard(node, this.#program);
    if (hazard) this.#hazards.add(hazard);
    if (this.#texts.isReadBy(node)) this.#readsText = true;
    if (revealsHidden(node, this.#program)) this.#reveals = true;
  }

  /** The name of a declared function or class is its `name`: code may use it as a value. */
  #noteName(identifier: Node): void {
    const parent = identifier[PARENT];
    if ((isFunction(parent) || isClass(parent)) && part(parent, "id") === identifier) {
      const binding = this.#program.bindingOf(identifier);
      this.#names.push(binding ? this.#program.givenName(binding) : (nameOf(identifier) as string));
    }
  }

  /** Of nested functions, the outermost, which is written before those in it. */
  #noteCode(code: Node): void {
    const outer = this.#code.at(-1);
    if (!outer || !contains(outer, code)) this.#code.push(code);
  }

  #put(...text: readonly string[]): void {
    for (const piece of text) this.#text.push(piece);
  }
}

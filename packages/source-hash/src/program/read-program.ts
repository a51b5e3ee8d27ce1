// Parses an artifact's code.

import { parse } from "acorn";
import { helperOf, type HelperName } from "./bundler-helpers.ts";
import { linkNodes } from "./link-nodes.ts";
import { nameOf, PARENT, part, parts, textOf, type Node } from "./node.ts";
import type { Binding, ImportedName, Program, Unit } from "./program.ts";
import { resolveBindings, type ResolvedBindings } from "./resolve-bindings.ts";

/**
 * Parses an ES module.
 * @throws SyntaxError if it is invalid
 */
export function readProgram(code: string): Program {
  const options = { ecmaVersion: "latest", sourceType: "module", ranges: true } as const;
  return new ParsedProgram(code, parse(code, options) as unknown as Node);
}

class ParsedProgram implements Program {
  readonly code: string;
  readonly root: Node;
  readonly units: Unit[] = [];
  readonly bareImports: string[] = [];
  readonly imports: string[] = [];
  readonly #functions: readonly Node[];
  readonly #calls: readonly Node[];
  readonly #bindings: ResolvedBindings;
  readonly #unitsByBinding = new Map<Binding, Unit[]>();
  readonly #imports = new Map<Binding, ImportedName>();
  readonly #helpers = new Map<Binding, HelperName>();
  readonly #helperUnits = new Set<Unit>();
  readonly #givenNames = new Map<Binding, string>();

  constructor(code: string, root: Node) {
    this.code = code;
    this.root = root;
    const { functions, calls } = linkNodes(root);
    this.#functions = functions;
    this.#calls = calls;
    this.#bindings = resolveBindings(root);
    const statements = parts(root, "body");
    for (const statement of statements) this.#findHelpers(statement);
    for (const statement of statements) this.#read(statement);
    for (const binding of this.#bindings.topLevel) this.#place(binding);
    for (const statement of statements) this.#attach(statement);
    this.#disownAliases();
    for (const call of calls) this.#noteName(call);
  }

  bindingOf(identifier: Node): Binding | null | undefined {
    return this.#bindings.byIdentifier.get(identifier);
  }

  unitsOf(binding: Binding): readonly Unit[] {
    return this.#unitsByBinding.get(binding) ?? [];
  }

  importOf(binding: Binding): ImportedName | undefined {
    return this.#imports.get(binding);
  }

  isHelper(node: Node | undefined, name: HelperName): boolean {
    const binding = node && this.bindingOf(node);
    return binding ? this.#helpers.get(binding) === name : false;
  }

  isHelperUnit(unit: Unit): boolean {
    return this.#helperUnits.has(unit);
  }

  givenName(binding: Binding): string {
    return this.#givenNames.get(binding) ?? binding.name;
  }

  functionAt(offset: number): Node | undefined {
    // Nodes that start before the offset, searched backwards: the first that extends beyond it is the
    // innermost.
    for (let index = lastBefore(this.#functions, offset); index >= 0; index--) {
      const node = this.#functions[index];
      if (node && offset < node.end) return node;
    }
    return undefined;
  }

  unitAround(node: Node): Unit | undefined {
    let low = 0;
    let high = this.units.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.units[middle] as Unit).node.end <= node.start) low = middle + 1;
      else high = middle;
    }
    const unit = this.units[low];
    return unit && unit.node.start <= node.start && node.end <= unit.node.end ? unit : undefined;
  }

  identifiers(): Iterable<Node> {
    return this.#bindings.byIdentifier.keys();
  }

  calls(): Iterable<Node> {
    return this.#calls;
  }

  unwrap(node: Node | undefined): Node | undefined {
    if (node?.type !== "CallExpression" || !this.isHelper(part(node, "callee"), "__name")) return node;
    return parts(node, "arguments")[0];
  }

  #findHelpers(statement: Node): void {
    if (statement.type !== "VariableDeclaration") return;
    for (const declarator of parts(statement, "declarations")) {
      const id = part(declarator, "id");
      const init = part(declarator, "init");
      const helper = id && init && helperOf(init, (identifier) => this.#helperOrBinding(identifier));
      const binding = helper && this.bindingOf(id);
      if (binding) this.#helpers.set(binding, helper);
    }
  }

  #helperOrBinding(identifier: Node): HelperName | Binding | null | undefined {
    const binding = this.bindingOf(identifier);
    return (binding && this.#helpers.get(binding)) ?? binding;
  }

  #read(statement: Node): void {
    switch (statement.type) {
      case "ImportDeclaration":
        return this.#readImport(statement);
      case "ExportAllDeclaration":
        this.bareImports.push(textOf(part(statement, "source")) ?? "");
        this.imports.push(textOf(part(statement, "source")) ?? "");
        return;
      case "ExportNamedDeclaration": {
        const source = textOf(part(statement, "source"));
        if (source !== undefined) {
          this.bareImports.push(source);
          this.imports.push(source);
        }
        const declaration = part(statement, "declaration");
        return declaration ? this.#read(declaration) : undefined;
      }
      case "VariableDeclaration":
        for (const declarator of parts(statement, "declarations")) this.#add("variable", declarator);
        return;
      case "FunctionDeclaration":
        return this.#add("function", statement);
      case "ClassDeclaration":
        return this.#add("class", statement);
      default:
        if (!this.#isAttached(statement)) this.#add("statement", statement);
    }
  }

  #readImport(statement: Node): void {
    const specifier = textOf(part(statement, "source")) ?? "";
    const specifiers = parts(statement, "specifiers");
    this.imports.push(specifier);
    if (specifiers.length === 0) this.bareImports.push(specifier);
    for (const node of specifiers) {
      const local = part(node, "local");
      const binding = local && this.bindingOf(local);
      if (binding) this.#imports.set(binding, { specifier, imported: importedName(node) });
    }
  }

  #add(kind: Unit["kind"], node: Node): void {
    const unit: Unit = { index: this.units.length, kind, node, attached: [], bindings: [] };
    this.units.push(unit);
    const id = kind === "variable" ? part(node, "id") : undefined;
    const binding = id && this.bindingOf(id);
    if (binding && this.#helpers.has(binding)) this.#helperUnits.add(unit);
  }

  #place(binding: Binding): void {
    for (const identifier of binding.identifiers) {
      const unit = this.unitAround(identifier as unknown as Node);
      if (!unit) continue;
      const units = this.#unitsByBinding.get(binding);
      if (!units) this.#unitsByBinding.set(binding, [unit]);
      else if (!units.includes(unit)) units.push(unit);
      else continue;
      unit.bindings.push(binding);
    }
  }

  /**
   * The author's own `const define = Object.defineProperty` looks like the bundler's, but other code uses
   * it.
   */
  #disownAliases(): void {
    for (const unit of this.#helperUnits) {
      if (part(unit.node, "init")?.type !== "MemberExpression") continue;
      const isOwn = unit.bindings.every((binding) =>
        binding.references.every((use) => {
          const user = this.unitAround(use.identifier as unknown as Node);
          return user !== undefined && this.#helperUnits.has(user);
        }),
      );
      if (!isOwn) this.#helperUnits.delete(unit);
    }
  }

  /** `__name(f, "f")` and `__export(space, { … })` only describe a binding. */
  #isAttached(statement: Node): boolean {
    return this.#subject(statement) !== undefined;
  }

  #subject(statement: Node): Node | undefined {
    const call = statement.type === "ExpressionStatement" ? part(statement, "expression") : undefined;
    if (call?.type !== "CallExpression") return undefined;
    const callee = part(call, "callee");
    if (!this.isHelper(callee, "__name") && !this.isHelper(callee, "__export")) return undefined;
    const [subject] = parts(call, "arguments");
    return subject?.type === "Identifier" ? subject : undefined;
  }

  /** `__name(helper2, "helper")`, and `static { __name(this, "Meter") }` of `class Meter2`. */
  #noteName(call: Node): void {
    if (!this.isHelper(part(call, "callee"), "__name")) return;
    const [subject, text] = parts(call, "arguments");
    const named =
      subject?.type === "ThisExpression" ? part(call[PARENT]?.[PARENT]?.[PARENT]?.[PARENT], "id") : subject;
    const binding = named?.type === "Identifier" ? this.bindingOf(named) : undefined;
    const name = textOf(text);
    if (binding && name !== undefined) this.#givenNames.set(binding, name);
  }

  #attach(statement: Node): void {
    const subject = this.#subject(statement);
    const binding = subject && this.bindingOf(subject);
    const call = part(statement, "expression");
    if (!binding || !this.isHelper(part(call, "callee"), "__export")) return;
    for (const unit of this.unitsOf(binding)) unit.attached.push(statement);
  }
}

/** Index of the last node that starts at or before the offset; -1 if there is none. */
function lastBefore(nodes: readonly Node[], offset: number): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nodes[middle] as Node).start <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function importedName(specifier: Node): string {
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  const imported = part(specifier, "imported");
  return nameOf(imported) ?? textOf(imported) ?? "";
}

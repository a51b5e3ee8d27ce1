// Determines what code does when it runs: which functions it calls, and whether it changes objects that
// it did not create.

import {
  isClass,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  parts,
  pushChildren,
  textOf,
  type Node,
} from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import { isPureConstructor } from "../purity/builtins.ts";
import type { Constants } from "../purity/constants.ts";
import { enclosingFunction } from "../purity/enclosing-function.ts";
import { isEnumBody } from "../purity/enum-body.ts";
import type { PlainValues } from "../purity/plain-values.ts";
import { isSdkSpecifier, METHODS, type SdkObjects } from "../purity/sdk-objects.ts";
import { isWritten } from "../purity/written.ts";
import { noFacts, type CodeFacts, type Piece } from "./code-facts.ts";
import type { FreshObjects } from "./fresh-objects.ts";
import { HeldValues } from "./held-values.ts";
import {
  CHANGING_ARGUMENTS,
  DEFERRING,
  effectOfGlobal,
  isHarmlessImport,
  KEEPING,
  MATCHING,
  MUTATORS,
  READERS,
  READING_ALL,
} from "./known-calls.ts";
import { isKnownImport } from "./known-imports.ts";
import { isOfSameActivation, writtenNames } from "./written-names.ts";

/** The inputs for finding facts. */
export interface FactSources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly sdk: SdkObjects;
  readonly fresh: FreshObjects;
  /** Handlers that the SDK stores. */
  readonly inert: ReadonlySet<Node>;
}

/** Determines facts, once for each piece. */
export class CodeReader {
  readonly #is: FactSources;
  readonly #fresh: FreshObjects;
  readonly #facts = new Map<Piece, CodeFacts>();
  readonly #written: ReadonlySet<Node>;
  readonly #values: HeldValues;

  constructor(sources: FactSources) {
    this.#is = sources;
    this.#fresh = sources.fresh;
    this.#written = writtenNames(sources.program);
    this.#values = new HeldValues(sources);
  }

  factsOf(piece: Piece): CodeFacts {
    let facts = this.#facts.get(piece);
    if (!facts) {
      facts = noFacts();
      this.#facts.set(piece, facts);
      this.#read(this.#startsOf(piece, facts), facts);
    }
    return facts;
  }

  /** The nodes that run. */
  #startsOf(piece: Piece, facts: CodeFacts): Node[] {
    const starts: Node[] = [];
    if (isUnit(piece)) {
      if (this.#is.program.isHelperUnit(piece)) return starts;
      starts.push(piece.node, ...piece.attached);
    } else if (isFunction(piece)) {
      pushChildren(piece, starts);
    } else {
      this.#startConstruction(piece, starts, facts);
    }
    return starts;
  }

  /** `new` runs the field initialisers, the constructor, and those of the superclass. */
  #startConstruction(made: Node, starts: Node[], facts: CodeFacts): void {
    for (const member of parts(part(made, "body"), "body")) {
      if (member.type === "PropertyDefinition" && member["static"] !== true)
        pushPart(member, "value", starts);
      const constructor = member["kind"] === "constructor" ? part(member, "value") : undefined;
      if (constructor) pushChildren(constructor, starts);
    }
    const parent = part(made, "superClass");
    if (!parent) return;
    this.#noteNewOf(parent, made, facts);
    // Fields are added to whatever object the superclass constructor returns.
    const hasFields = parts(part(made, "body"), "body").some(
      (member) => member.type === "PropertyDefinition" && member["static"] !== true,
    );
    if (hasFields && !this.#fresh.constructsOwn(made)) facts.writes = true;
  }

  #read(pending: Node[], facts: CodeFacts): void {
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (this.#is.inert.has(node)) continue;
      if (isFunction(node)) {
        facts.inner.push(node);
        if (node["generator"] === true) facts.makesIterator = true;
      } else if (isClass(node)) {
        this.#readClass(node, facts, pending);
      } else if (node.type !== "CallExpression" || !isEnumBody(node, this.#is.program)) {
        this.#note(node, facts);
        pushChildren(node, pending);
      }
    }
  }

  /**
   * Defining a class evaluates its superclass, its computed keys and its static parts; the rest runs with
   * `new`.
   */
  #readClass(node: Node, facts: CodeFacts, pending: Node[]): void {
    facts.inner.push(node);
    pushPart(node, "superClass", pending);
    for (const member of parts(part(node, "body"), "body")) {
      if (member["computed"] === true) pushPart(member, "key", pending);
      if (member.type === "StaticBlock") pushChildren(member, pending);
      else if (member.type === "MethodDefinition") {
        if (member["kind"] !== "constructor") pushPart(member, "value", pending);
      } else if (member["static"] === true) pushPart(member, "value", pending);
    }
  }

  #note(node: Node, facts: CodeFacts): void {
    if (this.#values.isChanger(node)) facts.holdsChanger = true;
    if (this.#values.isIterator(node)) facts.makesIterator = true;
    if (this.#values.iterates(node)) facts.iterates = true;
    if (this.#values.isOfGlobal(node)) facts.foreign ??= "process";
    switch (node.type) {
      case "Identifier":
        return this.#noteName(node, facts);
      case "MemberExpression":
        return this.#noteMember(node, facts);
      case "Property":
        if (node[PARENT]?.type === "ObjectPattern") {
          const key = part(node, "key");
          if (node["computed"] === true) facts.anyName = true;
          else facts.names.add(nameOf(key) ?? textOf(key) ?? "");
        }
        return;
      case "CallExpression":
        return this.#noteCall(node, facts);
      case "NewExpression":
        return this.#noteNew(node, facts);
      case "TaggedTemplateExpression":
        return this.#noteCallee(part(node, "tag"), node, facts);
      case "AwaitExpression":
      case "ForOfStatement":
        if (node.type === "ForOfStatement" && node["await"] !== true) return;
        if (enclosingFunction(node) === null) facts.waits = true;
        else facts.defers = true;
        return;
      case "ImportExpression":
        facts.reason ??= "it loads a module";
        return;
      case "WithStatement":
        facts.reason ??= "it uses with";
        return;
      default:
    }
  }

  #noteName(node: Node, facts: CodeFacts): void {
    const { program } = this.#is;
    const binding = program.bindingOf(node);
    if (binding === undefined) return;
    if (binding === null) {
      if (this.#written.has(node)) facts.reason ??= `it sets the global ${nameOf(node)}`;
      if (["eval", "Function", "require"].includes(nameOf(node) as string))
        facts.reason ??= `it uses ${nameOf(node)}`;
      return;
    }
    const imported = program.importOf(binding);
    if (
      imported &&
      !isSdkSpecifier(imported.specifier) &&
      !isKnownImport(imported.specifier, imported.imported, node)
    )
      facts.foreign ??= imported.specifier;
    if (this.#written.has(node) && !isOfSameActivation(binding, node)) facts.writes = true;
  }

  #noteMember(node: Node, facts: CodeFacts): void {
    const name = memberName(node);
    if (name === undefined) facts.anyName ||= part(node, "property")?.type !== "PrivateIdentifier";
    else facts.names.add(name);
    if (isWritten(node)) this.#noteWrite(part(node, "object"), facts);
  }

  /** Code changes the object of an expression. */
  #noteWrite(object: Node | undefined, facts: CodeFacts): void {
    const { program } = this.#is;
    if (this.#fresh.isFresh(object)) return;
    const root = rootOf(object);
    const binding = root?.type === "Identifier" ? program.bindingOf(root) : undefined;
    if (binding === null) facts.reason ??= `it changes ${nameOf(root)}`;
    const imported = binding ? program.importOf(binding) : undefined;
    if (imported) facts.reason ??= `it changes what "${imported.specifier}" exports`;
    facts.writes = true;
  }

  #noteNew(node: Node, facts: CodeFacts): void {
    if (!this.#is.sdk.isCall(node)) this.#noteNewOf(part(node, "callee"), node, facts);
  }

  #noteNewOf(callee: Node | undefined, node: Node, facts: CodeFacts): void {
    const { constants, values } = this.#is;
    const made = constants.resolve(callee);
    if (isClass(made) || isFunction(made)) {
      facts.calls.add(made);
      // A function called with `new` fills an object that its caller just created.
      return;
    }
    const path = values.pathOf(callee);
    if (
      path !== undefined &&
      (isPureConstructor(path) || path === "Proxy" || path === "Promise" || path === "WeakRef")
    ) {
      if (path === "Promise") {
        facts.callsValues = true;
        facts.defers = true;
      }
      return;
    }
    this.#noteCallee(callee, node, facts);
  }

  #noteCall(node: Node, facts: CodeFacts): void {
    const { program, sdk } = this.#is;
    const callee = part(node, "callee");
    if (program.unwrap(node) !== node || sdk.isCall(node) || this.#isHelperCall(callee)) return;
    this.#noteCallee(callee, node, facts);
  }

  /** Modules that the bundler wraps run on request; its other functions create or fill new objects. */
  #isHelperCall(callee: Node | undefined): boolean {
    const { program } = this.#is;
    return (
      ["__commonJS", "__esm", "__name", "__export", "__toESM", "__toCommonJS", "__copyProps"] as const
    ).some((name) => program.isHelper(callee, name));
  }

  #noteCallee(callee: Node | undefined, call: Node, facts: CodeFacts): void {
    const { program, constants, values } = this.#is;
    if (callee?.type === "Super") return;
    const called = this.#moduleOf(callee) ?? constants.resolve(callee);
    if (isFunction(called)) {
      facts.calls.add(called);
      return;
    }
    const path = values.pathOf(callee);
    if (path !== undefined) return this.#noteGlobal(path, call, facts);
    const root = rootOf(callee);
    const binding = root?.type === "Identifier" ? program.bindingOf(root) : undefined;
    const imported = binding ? program.importOf(binding) : undefined;
    if (imported && !isSdkSpecifier(imported.specifier)) {
      const name =
        imported.imported === "*" || imported.imported === "default" ? memberName(callee) : imported.imported;
      if (isHarmlessImport(imported.specifier, name)) facts.callsValues = true;
      else facts.reason ??= `it calls ${describe(callee)} of "${imported.specifier}"`;
      return;
    }
    if (callee?.type === "MemberExpression") return this.#noteMethod(callee, call, facts);
    facts.callsValues = true;
  }

  #noteGlobal(path: string, call: Node, facts: CodeFacts): void {
    const effect = effectOfGlobal(path);
    if (DEFERRING.has(path)) facts.defers = true;
    if (READING_ALL.has(path)) facts.anyValue = true;
    // A transferred object is removed from its place.
    if (path === "structuredClone" && parts(call, "arguments").length > 1) facts.writes = true;
    if (effect === "unknown") facts.reason ??= `it calls ${path}`;
    if (effect === "changes_argument") this.#noteWrite(parts(call, "arguments")[0], facts);
    if (parts(call, "arguments").some((argument) => mayBeCalled(argument))) facts.callsValues = true;
  }

  #noteMethod(callee: Node, call: Node, facts: CodeFacts): void {
    const name = memberName(callee);
    const object = part(callee, "object");
    // On a parameter that may be a Dag: the SDK stores what it receives.
    if (name !== undefined && METHODS.has(name) && name !== "then" && !this.#fresh.isOwnMethod(name)) {
      facts.callsForeign = true;
      if (!this.#is.sdk.isTrusted) facts.reason ??= "methods of the SDK's objects may have been replaced";
      return;
    }
    const args = parts(call, "arguments");
    if (name === undefined || this.#mayChangeItsObject(name)) this.#noteWrite(object, facts);
    if (name === "then" || name === "catch" || name === "finally") facts.defers = true;
    if (name !== undefined && CHANGING_ARGUMENTS.has(name)) facts.writes = true;
    if (name !== undefined && MATCHING.has(name) && args[0] && !this.#values.isStateless(args[0]))
      this.#noteWrite(args[0], facts);
    const isOfLanguage =
      name !== undefined &&
      this.#fresh.isMethodOfLanguage(name) &&
      (this.#fresh.isOfLanguage(object) || this.#is.values.isPrimitive(object));
    if (isOfLanguage && (KEEPING.has(name) || !args.some((argument) => mayBeCalled(argument)))) return;
    facts.callsValues = true;
  }

  #mayChangeItsObject(name: string): boolean {
    if (MUTATORS.has(name) || /^set[A-Z]/.test(name)) return true;
    return !READERS.has(name) && !this.#fresh.isOwnMethod(name);
  }

  /** `require_stats()` runs the module that it wraps, as does `init_stats()`. */
  #moduleOf(callee: Node | undefined): Node | undefined {
    const { program } = this.#is;
    const binding = callee?.type === "Identifier" ? program.bindingOf(callee) : undefined;
    const [unit] = binding ? program.unitsOf(binding) : [];
    const wrapped = unit?.kind === "variable" ? part(unit.node, "init") : undefined;
    if (wrapped?.type !== "CallExpression") return undefined;
    const helper = part(wrapped, "callee");
    if (!program.isHelper(helper, "__commonJS") && !program.isHelper(helper, "__esm")) return undefined;
    const [modules] = parts(wrapped, "arguments");
    return program.unwrap(part(parts(modules, "properties")[0], "value"));
  }
}

/** The name at the start of a member chain. */
function rootOf(node: Node | undefined): Node | undefined {
  let root = node;
  while (root?.type === "MemberExpression") root = part(root, "object");
  return root;
}

function mayBeCalled(argument: Node): boolean {
  return !["Literal", "TemplateLiteral", "ObjectExpression", "BinaryExpression", "UnaryExpression"].includes(
    argument.type,
  );
}

function describe(callee: Node | undefined): string {
  return memberName(callee) ?? nameOf(callee) ?? "a function";
}

function pushPart(node: Node, field: string, pending: Node[]): void {
  const value = part(node, field);
  if (value) pending.push(value);
}

function isUnit(piece: Piece): piece is Unit {
  return "attached" in piece;
}

// Decides whether a value can be read deeply without running code of the artifact, as the SDK does with
// its arguments.

import { isClass, isFunction, memberName, part, parts, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";
import type { PlainValues } from "./plain-values.ts";
import type { Tampering } from "./tampering.ts";
import { returnsOf, type SdkObjects } from "./sdk-objects.ts";

/** The inputs for deciding readability. */
export interface ReadableSources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly sdk: SdkObjects;
  readonly tampering: Tampering;
}

/** Decides what can be read. */
export class Readable {
  readonly #is: ReadableSources;
  readonly #asking = new Set<Node>();

  constructor(sources: ReadableSources) {
    this.#is = sources;
  }

  /** True for primitive values, functions, the SDK's objects, and literals of these without accessors. */
  isReadable(node: Node | undefined): boolean {
    const value = this.#is.program.unwrap(node);
    if (!value) return true;
    if (this.#asking.has(value)) return false;
    this.#asking.add(value);
    try {
      return this.#decide(value);
    } finally {
      this.#asking.delete(value);
    }
  }

  #decide(node: Node): boolean {
    const { program, constants, values, sdk } = this.#is;
    if (values.isPrimitive(node) || isFunction(node) || isClass(node) || sdk.isObject(node)) return true;
    switch (node.type) {
      case "ArrayExpression":
        return parts(node, "elements").every((element) =>
          element.type === "SpreadElement" ? this.#isPlainSpread(element) : this.isReadable(element),
        );
      case "ObjectExpression":
        return (
          values.isPlainObject(node) &&
          parts(node, "properties").every((property) =>
            property.type === "SpreadElement"
              ? this.#isPlainSpread(property)
              : this.isReadable(part(property, "value")),
          )
        );
      case "ConditionalExpression":
        return this.isReadable(part(node, "consequent")) && this.isReadable(part(node, "alternate"));
      case "LogicalExpression":
        return this.isReadable(part(node, "left")) && this.isReadable(part(node, "right"));
      case "Identifier": {
        const binding = program.bindingOf(node);
        const possible = binding ? constants.possibleValuesOf(binding) : null;
        return possible !== null && possible.every((value) => this.#isReadableLater(value));
      }
      case "MemberExpression":
        return this.#isReadableMember(node);
      case "CallExpression":
        return values.isPlainArray(node) || this.#isReadableMap(node);
      default:
        return false;
    }
  }

  /** The value of a name: accessors may have been added to a literal since. */
  #isReadableLater(value: Node | undefined): boolean {
    const { program, tampering } = this.#is;
    const bare = program.unwrap(value);
    const isLiteral = bare?.type === "ObjectExpression" || bare?.type === "ArrayExpression";
    if (isLiteral && (tampering.hasAccessors || tampering.definesAccessors)) return false;
    return this.isReadable(bare);
  }

  /** `[…].map((x) => …)` if every result can be read. */
  #isReadableMap(call: Node): boolean {
    const { constants, values } = this.#is;
    const callee = part(call, "callee");
    const object = part(callee, "object");
    const [body, ...others] = parts(call, "arguments");
    if (memberName(callee) !== "map" || others.length > 0 || !isFunction(body)) return false;
    if (body["async"] === true || body["generator"] === true) return false;
    // Any other list may have a method of its own.
    if (constants.elementsOf(object) === null || !values.isPlainArray(object)) return false;
    return returnsOf(body).every((value) => this.isReadable(value));
  }

  #isPlainSpread(spread: Node): boolean {
    return this.isReadable(part(spread, "argument"));
  }

  /** `paths.input` of a literal that can be read completely. */
  #isReadableMember(node: Node): boolean {
    const object = part(node, "object");
    if (memberName(node) === undefined) return false;
    if (object?.type === "MemberExpression") return this.#isReadableMember(object);
    const literal = this.#is.constants.resolve(object);
    return literal?.type === "ObjectExpression" && this.#isReadableLater(literal);
  }
}

// The state that the deciders of purity share, and the questions they ask each other.

import type { Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";
import type { PlainValues } from "./plain-values.ts";
import type { Readable } from "./readable.ts";
import type { SdkObjects } from "./sdk-objects.ts";
import type { Tampering } from "./tampering.ts";

/** The inputs for deciding purity. */
export interface PuritySources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly readable: Readable;
  readonly sdk: SdkObjects;
  readonly tampering: Tampering;
}

/** Decides for expressions. */
export interface ExpressionPurity {
  /** True if evaluating the expression changes nothing and can run no code that does. */
  isPure(node: Node | undefined): boolean;
  /** The same for an element of a list or of arguments, which may be a spread. */
  isPureElement(element: Node): boolean;
  /** The same for a member's computed key. */
  isPureKey(member: Node): boolean;
}

/** Decides for statements. */
export interface StatementPurity {
  isPureStatement(node: Node | undefined): boolean;
}

// The tokens of a Python file, with frequently used queries.

import { pathOf, type PathScope } from "./python-paths.ts";
import type { PythonToken } from "./python-tokens.ts";

/** The tokens of one file. Strings have no text here, so that they are not mistaken for code. */
export class PythonCode {
  readonly #tokens: readonly PythonToken[];
  readonly #scope: PathScope;

  constructor(tokens: readonly PythonToken[], scope: PathScope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  textAt(index: number): string {
    const token = this.#tokens[index];
    return token === undefined || token.kind === "string" ? "" : token.text;
  }

  lineAt(index: number): number {
    return this.#tokens[index]?.line ?? 1;
  }

  /**
   * Returns the path that an expression evaluates to, which ends before one of `ends`, or `undefined` if
   * unknown.
   */
  pathAt(start: number, ends: readonly string[]): string | undefined {
    return pathOf(
      this.#tokens,
      start,
      this.#scope,
      (token) => token !== undefined && ends.includes(token.text),
    );
  }

  /** Returns where the bracket at `start` is closed. */
  endOfCall(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#tokens.length; at += 1) {
      if ("([{".includes(this.textAt(at) || " ")) depth += 1;
      if (")]}".includes(this.textAt(at) || " ")) depth -= 1;
      if (depth === 0) return at;
    }
    return this.#tokens.length;
  }

  /**
   * Returns the first position from `start` on with one of some texts, outside of brackets that open
   * after `start`.
   */
  find(start: number, texts: readonly string[]): number {
    let at = start;
    while (at < this.#tokens.length && !texts.includes(this.textAt(at))) {
      at = "([{".includes(this.textAt(at) || " ") ? this.endOfCall(at) + 1 : at + 1;
    }
    return at;
  }

  /** Returns a dotted name, and where it ends. */
  dottedAt(start: number): { readonly name: string; readonly end: number } {
    const parts: string[] = [];
    let at = start;
    while (this.#tokens[at]?.kind === "name" && this.textAt(at) !== "import") {
      parts.push(this.textAt(at));
      if (this.textAt(at + 1) !== ".") return { name: parts.join("."), end: at + 1 };
      at += 2;
    }
    return { name: parts.join("."), end: at };
  }

  isAttribute(index: number): boolean {
    return this.textAt(index - 1) === ".";
  }

  isOf(owner: string, index: number): boolean {
    return this.isAttribute(index) && this.textAt(index - 2) === owner;
  }
}

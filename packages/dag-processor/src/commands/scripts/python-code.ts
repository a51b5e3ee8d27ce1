// A Python file's tokens, with what is asked of them again and again.

import { pathOf, type PathScope } from "./python-paths.ts";
import type { PythonToken } from "./python-tokens.ts";

/** The tokens of one file. Strings have no text here, so that none is taken for code. */
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

  /** The path that an expression is which ends before one of `ends`; `undefined`: it cannot be told. */
  pathAt(start: number, ends: readonly string[]): string | undefined {
    return pathOf(
      this.#tokens,
      start,
      this.#scope,
      (token) => token !== undefined && ends.includes(token.text),
    );
  }

  /** Where the bracket at `start` is closed. */
  endOfCall(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#tokens.length; at += 1) {
      if ("([{".includes(this.textAt(at) || " ")) depth += 1;
      if (")]}".includes(this.textAt(at) || " ")) depth -= 1;
      if (depth === 0) return at;
    }
    return this.#tokens.length;
  }

  /** The first place from `start` on that has one of some texts and is in no bracket that opens after `start`. */
  find(start: number, texts: readonly string[]): number {
    let at = start;
    while (at < this.#tokens.length && !texts.includes(this.textAt(at))) {
      at = "([{".includes(this.textAt(at) || " ") ? this.endOfCall(at) + 1 : at + 1;
    }
    return at;
  }

  /** A name with dots in it, and where it ends. */
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

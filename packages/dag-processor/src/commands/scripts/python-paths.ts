// Evaluates Python expressions for paths, as far as possible: the file's own folder joined with string
// literals.

import { posix } from "node:path";
import type { PythonToken } from "./python-tokens.ts";

/** The known names at an expression. */
export interface PathScope {
  /** Absolute path of the file, its `__file__`. */
  readonly file: string;
  /** Paths assigned to names; `null` if there are several, or if one is unknown. */
  readonly names: ReadonlyMap<string, string | null>;
}

/** A path, absolute or relative to the working directory, and the end of its expression. */
interface ReadPath {
  readonly path: string;
  readonly end: number;
}

const SAME = new Set(["str", "fspath", "abspath", "realpath", "normpath", "resolve", "absolute", "as_posix"]);
const MAKES_PATH = new Set(["Path", "PurePath", "PosixPath", "PurePosixPath", "join"]);

/**
 * Returns the path of the expression at `start`, if `isEnd` accepts the token after it, or `undefined` if
 * unknown.
 */
export function pathOf(
  tokens: readonly PythonToken[],
  start: number,
  scope: PathScope,
  isEnd: (token: PythonToken | undefined) => boolean,
): string | undefined {
  const read = new PathReader(tokens, scope).expression(start);
  return read && isEnd(tokens[read.end]) ? read.path : undefined;
}

/** Returns the paths of `NAME = expression` among the statements of a file. */
export function namedPaths(tokens: readonly PythonToken[], file: string): Map<string, string | null> {
  const names = new Map<string, string | null>();
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== "name" || tokens[index + 1]?.text !== "=") continue;
    // Keyword arguments do not count.
    if (index > 0 && tokens[index - 1]?.kind !== "end") continue;
    const path = pathOf(tokens, index + 2, { file, names }, (token) => token?.kind === "end");
    names.set(text, names.has(text) && names.get(text) !== path ? null : (path ?? null));
  }
  return names;
}

class PathReader {
  readonly #tokens: readonly PythonToken[];
  readonly #scope: PathScope;

  constructor(tokens: readonly PythonToken[], scope: PathScope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  expression(start: number): ReadPath | undefined {
    let left = this.#operand(start);
    while (left && ["/", "+"].includes(this.#textAt(left.end))) {
      const right = this.#operand(left.end + 1);
      const isJoin = this.#textAt(left.end) === "/";
      left = right && {
        path: isJoin ? joined([left.path, right.path]) : left.path + right.path,
        end: right.end,
      };
    }
    return left;
  }

  #operand(start: number): ReadPath | undefined {
    let read = this.#primary(start);
    while (read && this.#textAt(read.end) === ".") {
      const name = this.#textAt(read.end + 1);
      const after = read.end + 2;
      if (name === "parent") read = { path: posix.dirname(read.path), end: after };
      else if (name === "parents") read = this.#ancestor(read.path, after);
      else if (SAME.has(name) && this.#textAt(after + 1) === ")") read = { path: read.path, end: after + 2 };
      else if (name === "joinpath") read = this.#joined([read.path], after);
      else return read;
    }
    return read;
  }

  #primary(start: number): ReadPath | undefined {
    const token = this.#tokens[start];
    if (token?.kind === "string") {
      return token.isFormatted === true ? undefined : { path: token.text, end: start + 1 };
    }
    if (token?.text === "(") {
      const inner = this.expression(start + 1);
      return inner && this.#textAt(inner.end) === ")" ? { path: inner.path, end: inner.end + 1 } : undefined;
    }
    if (token?.kind !== "name") return undefined;
    if (token.text === "__file__") return { path: this.#scope.file, end: start + 1 };
    const known = this.#scope.names.get(token.text);
    if (known !== undefined) return known === null ? undefined : { path: known, end: start + 1 };
    return this.#call(start);
  }

  #call(start: number): ReadPath | undefined {
    let at = start;
    while (this.#textAt(at + 1) === "." && this.#tokens[at + 2]?.kind === "name") at += 2;
    const name = this.#textAt(at);
    if (name === "pardir" || name === "curdir") return { path: name === "pardir" ? ".." : ".", end: at + 1 };
    if (this.#textAt(at + 1) !== "(") return undefined;
    if (name === "getcwd" || name === "cwd") {
      return this.#textAt(at + 2) === ")" ? { path: ".", end: at + 3 } : undefined;
    }
    if (MAKES_PATH.has(name)) return this.#joined([], at + 1);
    if (name !== "dirname" && !SAME.has(name)) return undefined;
    const inner = this.expression(at + 2);
    if (!inner || this.#textAt(inner.end) !== ")") return undefined;
    return { path: name === "dirname" ? posix.dirname(inner.path) : inner.path, end: inner.end + 1 };
  }

  /** Arguments in brackets, joined. */
  #joined(first: readonly string[], bracket: number): ReadPath | undefined {
    const parts = [...first];
    let at = bracket;
    do {
      const part = this.expression(at + 1);
      if (!part) return undefined;
      parts.push(part.path);
      at = part.end;
    } while (this.#textAt(at) === ",");
    return this.#textAt(at) === ")" ? { path: joined(parts), end: at + 1 } : undefined;
  }

  #ancestor(path: string, bracket: number): ReadPath | undefined {
    const index = Number(this.#textAt(bracket + 1));
    if (this.#textAt(bracket) !== "[" || this.#textAt(bracket + 2) !== "]" || !Number.isInteger(index)) {
      return undefined;
    }
    let ancestor = path;
    for (let depth = 0; depth <= index; depth += 1) ancestor = posix.dirname(ancestor);
    return { path: ancestor, end: bracket + 3 };
  }

  #textAt(index: number): string {
    const token = this.#tokens[index];
    return token === undefined || token.kind === "string" ? "" : token.text;
  }
}

function joined(parts: readonly string[]): string {
  const from = parts.findLastIndex((part) => part.startsWith("/"));
  return posix.join(...parts.slice(Math.max(0, from)));
}

// Matches paths against declared file patterns. Used both to list files and to detect undeclared reads.

import { posix } from "node:path";

/** A part of a pattern between slashes. */
export type PatternSegment =
  | { readonly kind: "literal"; readonly name: string }
  | { readonly kind: "wildcard"; readonly expression: RegExp }
  /** `**`: any number of folders. */
  | { readonly kind: "globstar" };

/** A pattern: its base folder without wildcards, and the rest. */
export interface FilePattern {
  /** As written. */
  readonly text: string;
  /** Normalized; absolute, or relative to the bundle's folder. `.` is the bundle's folder. */
  readonly base: string;
  readonly segments: readonly PatternSegment[];
}

/**
 * Folders that `**` skips, because programs write files there that are not inputs. A pattern can name
 * them explicitly.
 */
const NOT_ENTERED = new Set(["node_modules", "__pycache__"]);

/** True if `**` descends into folders with this name and matches files with it. */
export function isEnteredByGlobstar(name: string): boolean {
  return !name.startsWith(".") && !NOT_ENTERED.has(name);
}

/**
 * Parses a pattern. `*`, `?`, `[a-z]`, `{a,b}` and `**` work as in a shell: they do not match names that
 * begin with a dot unless the pattern does. A pattern that matches a folder matches everything in it.
 * Braces expand to several patterns.
 */
export function parseFilePattern(text: string): FilePattern[] {
  return expandBraces(text).map((pattern) => {
    const parts = posix.normalize(pattern).split("/");
    // `data/` and `data/**` match the whole folder, like `data`.
    while (parts.length > 1 && (parts.at(-1) === "" || parts.at(-1) === "**")) parts.pop();
    const firstWild = parts.findIndex((part) => HAS_WILDCARD.test(part));
    const fixed = firstWild === -1 ? parts : parts.slice(0, firstWild);
    const wild = firstWild === -1 ? [] : parts.slice(firstWild);
    const base = fixed.join("/") || (pattern.startsWith("/") ? "/" : ".");
    // A lone `**` matches the whole bundle.
    return { text, base, segments: wild.length === 1 && wild[0] === "**" ? [] : wild.map(readSegment) };
  });
}

const HAS_WILDCARD = /[*?[]/;

/**
 * True if the pattern matches a path below its base folder, given relative to it. Empty: the folder
 * itself.
 */
export function matchesBelow({ segments }: Pick<FilePattern, "segments">, path: string): boolean {
  const [only] = segments;
  if (only?.kind === "wildcard" && segments.length === 1) {
    // Fast path for the most common form, `data/*.csv`: no list of names is built.
    const end = path.indexOf("/");
    return path !== "" && only.expression.test(end === -1 ? path : path.slice(0, end));
  }
  return matchesFrom(segments, 0, path === "" ? [] : path.split("/"), 0);
}

/** A pattern without further segments matches the path or a folder above it. */
function matchesFrom(
  segments: readonly PatternSegment[],
  at: number,
  names: readonly string[],
  from: number,
): boolean {
  const segment = segments[at];
  if (!segment) return true;
  if (segment.kind === "globstar") {
    if (matchesFrom(segments, at + 1, names, from)) return true;
    const name = names[from];
    return name !== undefined && isEnteredByGlobstar(name) && matchesFrom(segments, at, names, from + 1);
  }
  const name = names[from];
  return (
    name !== undefined && segmentMatches(segment, name) && matchesFrom(segments, at + 1, names, from + 1)
  );
}

/** True if a name matches a segment. */
export function segmentMatches(segment: PatternSegment, name: string): boolean {
  switch (segment.kind) {
    case "literal":
      return segment.name === name;
    case "wildcard":
      return segment.expression.test(name);
    case "globstar":
      return isEnteredByGlobstar(name);
  }
}

function readSegment(text: string): PatternSegment {
  if (text === "**") return { kind: "globstar" };
  if (!HAS_WILDCARD.test(text)) return { kind: "literal", name: text };
  let source = text.startsWith(".") ? "" : String.raw`(?!\.)`;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    const end = character === "[" ? text.indexOf("]", at + 2) : -1;
    if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (end !== -1) {
      const inside = text.slice(at + 1, end).replace(/^[!^]/, "");
      const isNegated = /^[!^]/.test(text.slice(at + 1));
      source += `[${isNegated ? "^" : ""}${inside.replaceAll(/[\\\][^]/g, String.raw`\$&`)}]`;
      at = end;
    } else source += character.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  }
  return { kind: "wildcard", expression: new RegExp(`^${source}$`, "su") };
}

/** `a{b,c}` → `ab`, `ac`. Braces without a comma are left as they are. */
function expandBraces(text: string): string[] {
  const found = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(text);
  if (!found) return [text];
  const [, before = "", inside = "", after = ""] = found;
  return inside.split(",").flatMap((choice) => expandBraces(`${before}${choice}${after}`));
}

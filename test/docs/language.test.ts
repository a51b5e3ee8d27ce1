// Holds the house language: phrases that CONTRIBUTING.md bans do not appear in code, comments or documentation.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "./markdown.ts";

/** A banned phrase and what to write instead. Matched case-insensitively, also across line breaks. */
interface Banned {
  readonly phrase: RegExp;
  readonly instead: string;
}

const BANNED: readonly Banned[] = [
  {
    phrase: /\b(?:nobody|somebody|anybody|everybody|whoever|whomever)\b/gi,
    instead: '"no one", or name the party: "the scheduler", "a user", "another process"',
  },
  { phrase: /\bmend(?:s|ed|ing)?\b/gi, instead: '"fix", or "correct"' },
  { phrase: /\bin vain\b/gi, instead: '"timed out", or "without effect"' },
  { phrase: /\bby hand\b/gi, instead: '"manually", or "by a user"' },
  { phrase: /\b(?:other hands|in (?:the|\w+'s) hands)\b/gi, instead: '"another process", or "held by …"' },
  { phrase: /\b(?:come|comes|came|coming) to nothing\b/gi, instead: '"fail", or "have no effect"' },
  {
    phrase: /\bwhat (?:becomes?|became|(?:has|have|had) become|comes?|came) of\b/gi,
    instead: '"the outcome of", or "the result of"',
  },
  { phrase: /\bfor ever\b/gi, instead: '"indefinitely", "without limit", or "never expires"' },
  { phrase: /\ba text\b(?!\s+(?:file|editor|format|node))/gi, instead: '"a string"' },
  { phrase: /\bheld\s+against\b/gi, instead: '"compared with", or "matched against"' },
  { phrase: /\bsigns? of life\b/gi, instead: '"heartbeat"' },
];

/** For TypeScript alone: a comment that begins with "What" usually repeats the name below it. */
const WHAT_COMMENT: Banned = {
  phrase: /\/\*\*\s+(?:\*\s+)?What\b|^\s*\/\/ What\b/gm,
  instead:
    'the thing itself ("The outcome of a pass.") or a verb ("Returns …"); delete it if it repeats the name',
};

const MARKDOWN = ["*.md", "docs/**/*.md", "examples/**/*.md", "bench/**/*.md", "packages/*/*.md"];
const OTHERS = ["config/*", "bench/**/*.ts", "examples/**/*.{ts,py,toml}"];

/** Migrations are frozen: those that were released keep their words. */
const FROZEN_MIGRATION = /^migrations\/src\/\d/;

/** Keeps every offset: only the marks that begin a comment's line become spaces. */
function withoutCommentMarks(text: string): string {
  return text.replaceAll(
    /^(\s*)(\/\/|\*(?!\/)|#)/gm,
    (_, indent: string, mark: string) => indent + " ".repeat(mark.length),
  );
}

/** The table of CONTRIBUTING.md that quotes what it bans. */
function withoutQuoted(text: string): string {
  return text.replaceAll(/<!-- banned -->.*?<!-- \/banned -->/gs, (quoted) =>
    quoted.replaceAll(/[^\n]/g, " "),
  );
}

/** Findings such as `packages/core/src/clock.ts:12: "by hand": write "manually", or "by a user"`. */
export function findBanned(path: string, text: string): string[] {
  const plain = withoutCommentMarks(withoutQuoted(text));
  const lists: readonly (readonly [Banned, string])[] = [
    ...BANNED.map((banned) => [acrossLines(banned), plain] as const),
    ...(path.endsWith(".ts") ? [[WHAT_COMMENT, text] as const] : []),
  ];
  return lists.flatMap(([{ phrase, instead }, searched]) =>
    [...searched.matchAll(phrase)].map((match) => {
      const found = match[0].replaceAll(/[\s/*]+/g, " ").trim();
      const line = searched.slice(0, match.index + match[0].search(/\S/)).split("\n").length;
      return `${path}:${line}: "${found}": write ${instead}`;
    }),
  );
}

function acrossLines({ phrase, instead }: Banned): Banned {
  return { phrase: new RegExp(phrase.source.replaceAll(" ", "\\s+"), phrase.flags), instead };
}

function filesOf(patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: repository, exclude: ["**/node_modules/**", "**/dist/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();
}

/** Every file whose language is held. */
const FILES = [
  ...filesOf(["packages/*/src/**/*.ts"]),
  ...filesOf(["migrations/src/**/*.ts"]).filter((path) => !FROZEN_MIGRATION.test(path)),
  ...filesOf([...MARKDOWN, ...OTHERS]),
];

describe("the house language", () => {
  it("has no banned phrase", () => {
    expect(FILES.length).toBeGreaterThan(500);
    const findings = FILES.flatMap((path) => findBanned(path, readFileSync(join(repository, path), "utf8")));
    expect(findings).toEqual([]);
  });

  it.each([
    ["/** Waits for\n * ever. */", 'f.ts:1: "for ever": write "indefinitely"'],
    ["const a = 1;\n// Set by\n// hand.", 'f.ts:2: "by hand": write "manually"'],
    ['throw new Error("name is 5: write a text");', 'f.ts:1: "a text": write "a string"'],
    ["\n/** What {@link open} works with. */", 'f.ts:2: "What": write the thing itself'],
    ["\n/**\n * What came of it.\n */", 'f.ts:2: "What": write the thing itself'],
    ["// Nobody mends it.", 'f.ts:1: "mends": write "fix"'],
  ])("finds %j", (text, message) => {
    expect(findBanned("f.ts", text)).toContainEqual(expect.stringContaining(message));
  });

  it.each([
    "recommended",
    "a text file",
    "secondhand",
    "by handler",
    "// Whatever it is",
    "somebody_else_id",
  ])("leaves %j alone", (text) => {
    expect(findBanned("f.ts", text)).toEqual([]);
  });
});

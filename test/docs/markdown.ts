// Reads the project's Markdown files: their code blocks, code spans, links and headings.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A piece of a Markdown file and the line that it begins at. */
export interface Piece {
  /** `docs/operating.md:12`. */
  readonly place: string;
  readonly text: string;
}

/** A fenced code block. */
export interface CodeBlock extends Piece {
  /** What stands behind the fence; empty for none. */
  readonly language: string;
  /** Code that the block needs and a reader does not: what a comment `<!-- prelude … -->` above it holds. */
  readonly prelude: string;
}

/** A Markdown file, taken apart. */
export interface MarkdownFile {
  /** Relative to the project. */
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** What stands between single backticks, outside of blocks. */
  readonly spans: readonly Piece[];
  /** The targets of links, outside of blocks. */
  readonly links: readonly Piece[];
  /** What links to its headings end in. */
  readonly anchors: ReadonlySet<string>;
}

/** Every Markdown file of the project. */
export function markdownFiles(): MarkdownFile[] {
  const patterns = ["*.md", "docs/**/*.md", "examples/**/*.md", "bench/**/*.md", "packages/*/*.md"];
  return globSync(patterns, { cwd: repository, exclude: ["**/node_modules/**"] })
    .toSorted()
    .map((path) => readMarkdown(path, readFileSync(join(repository, path), "utf8")));
}

/** A block may stand within a list, indented. */
const FENCE = /^( *)```([^\n]*)\n(.*?)^\1```$/gms;
const PRELUDE = /<!-- prelude\n((?:(?!-->).)*)-->\n\n?$/s;

/** Takes the text of a Markdown file apart. */
export function readMarkdown(path: string, text: string): MarkdownFile {
  const at = (index: number): string => `${path}:${text.slice(0, index).split("\n").length}`;
  const blocks = [...text.matchAll(FENCE)].map((match) => ({
    place: at(match.index),
    language: (match[2] ?? "").trim(),
    text: (match[3] ?? "").replaceAll(new RegExp(`^${match[1]}`, "gm"), ""),
    prelude: PRELUDE.exec(text.slice(0, match.index))?.[1] ?? "",
  }));
  // Blanked, so that places stay what they are.
  const prose = text.replaceAll(FENCE, (block) => block.replaceAll(/[^\n]/g, " "));
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map((match) => ({
    place: at(match.index),
    text: (match[1] ?? "").replaceAll(/\s+/g, " "),
  }));
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
    place: at(match.index),
    text: match[1] ?? "",
  }));
  const anchors = new Set([...prose.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? "")));
  return { path, blocks, spans, links, anchors };
}

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

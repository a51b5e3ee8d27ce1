// Makes strings from Dag files, tasks and databases safe to print on a terminal.

/**
 * Characters that a terminal would interpret or misrepresent: C0 and C1 controls, lone surrogates,
 * bidirectional marks, and separators that some programs treat as line ends.
 */
const UNSAFE =
  /[^\P{Cc}\n\t]|[\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;

/** A multi-line string in which nothing can move the cursor, change colours or reorder characters. */
export function plainText(text: string): string {
  return text.replaceAll(UNSAFE, spelledOut);
}

/** {@link plainText} on one line: a line break in a name or an error cannot fake another message. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll("\n", "\\n");
}

/** {@link plainText} with each line after the first indented, so that none looks like another message. */
export function plainBlock(text: string): string {
  return plainText(text).replaceAll(/\n(?![ \t])/g, "\n  ");
}

/** Equivalent JSON with these characters escaped. */
export function plainJson(json: string): string {
  // These characters can only occur in strings, where JSON allows the escape.
  return json.replaceAll(UNSAFE, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

function spelledOut(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** Characters of foreign strings that a line shows; `--json` shows all of them. */
const LONGEST_SHOWN = 2_000;

/** A string shortened for display: its beginning, and how much was omitted. */
export function shortened(text: string, longest: number = LONGEST_SHOWN): string {
  if (text.length <= longest) return text;
  // Does not split a surrogate pair.
  const shown = text.slice(0, longest).replace(/[\ud800-\udbff]$/, "");
  return `${shown}… (${text.length - shown.length} more characters: --json shows them)`;
}

// Makes text that comes from Dag files, tasks and databases safe to print on a terminal.

/**
 * What a terminal would act upon, or would show as something else than it is: control characters of C0 and C1,
 * halves of characters, marks that turn the direction of writing, separators that some take for line ends.
 */
const UNSAFE =
  /[^\P{Cc}\n\t]|[\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;

/** The text of several lines, in which nothing can move the cursor, change colours or turn the order of letters. */
export function plainText(text: string): string {
  return text.replaceAll(UNSAFE, spelledOut);
}

/** {@link plainText} on one line: a line break in a name or an error cannot begin another message. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll("\n", "\\n");
}

/** {@link plainText} in which each line after the first is indented, so that none looks like another message. */
export function plainBlock(text: string): string {
  return plainText(text).replaceAll(/\n(?![ \t])/g, "\n  ");
}

/** JSON that says the same with these characters escaped. */
export function plainJson(json: string): string {
  // They can only stand in strings, where JSON spells them so.
  return json.replaceAll(UNSAFE, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

function spelledOut(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** Characters of what authors and machines wrote that a line shows; `--json` has all of it. */
const LONGEST_SHOWN = 2_000;

/** A text as a line for people shows it: its beginning, and how much was left out. */
export function shortened(text: string, longest: number = LONGEST_SHOWN): string {
  if (text.length <= longest) return text;
  // Not in the middle of a character of two halves.
  const shown = text.slice(0, longest).replace(/[\ud800-\udbff]$/, "");
  return `${shown}… (${text.length - shown.length} more characters: --json shows them)`;
}

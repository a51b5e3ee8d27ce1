// Breaks long lines of prose, so that the demo can be read in a terminal of 100 columns.

const COLUMNS = 90;

/** The text with its prose broken between words. Lines of tables, whose columns are spaces apart, stay whole. */
export function wrapProse(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.includes("  ") ? line : line.replaceAll(PIECE, "$1\n").trimEnd()))
    .join("\n");
}

/** As many words as fit, at least one. */
const PIECE = new RegExp(`(\\S.{0,${COLUMNS - 1}}(?!\\S)|\\S+)\\s*`, "g");

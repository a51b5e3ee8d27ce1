// Makes text that comes from Dag files and databases safe to print on a terminal.

/** The text with control characters spelled out, so that it cannot move the cursor or change colours. */
export function plainText(text: string): string {
  return text.replaceAll(
    /[^\P{Cc}\n\t]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

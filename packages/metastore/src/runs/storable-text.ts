// Text that every database takes.

// oxlint-disable-next-line no-control-regex -- U+0000 is what PostgreSQL refuses
const UNSTORABLE = /[\u0000\ud800-\udfff]/;

/**
 * The text with U+0000 and lone surrogates replaced by U+FFFD. PostgreSQL refuses both, and a task's
 * error message must never keep a pass from being written.
 */
export function storableText(text: string): string {
  if (!UNSTORABLE.test(text)) return text;
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

// Text that every database takes. Every parameter of every statement goes through here, so that no text that a
// task or a user made up, in whatever column, keeps a batch from being written or read.

// oxlint-disable-next-line no-control-regex -- U+0000 is what PostgreSQL refuses
const UNSTORABLE = /\u0000|\p{Surrogate}/u;

/**
 * The text with U+0000 and lone surrogates replaced by U+FFFD. PostgreSQL refuses both, and a task's
 * error message must never keep a pass from being written.
 */
export function storableText(text: string): string {
  if (isStorableText(text)) return text;
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

/** Whether a string is stored unchanged; a name must be, or two names would become one. */
export function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Parameters of a statement with every text in them storable; the same ones where they are already. */
export function storableParameters(parameters: readonly unknown[]): readonly unknown[] {
  return parameters.some(hasUnstorable) ? parameters.map(storable) : parameters;
}

function hasUnstorable(value: unknown): boolean {
  if (typeof value === "string") return !isStorableText(value);
  return Array.isArray(value) && value.some(hasUnstorable);
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}

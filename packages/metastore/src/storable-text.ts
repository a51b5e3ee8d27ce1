// Text that every database takes. Every parameter of every statement goes through here, so that no text that a
// task or a user made up, in whatever column, keeps a batch from being written or read.

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
  return text.isWellFormed() && !text.includes("\u0000");
}

/** Parameters of a statement with every text in them storable; the same ones where they are already. */
export function storableParameters(parameters: readonly unknown[]): readonly unknown[] {
  return areStorable(parameters) ? parameters : parameters.map(storable);
}

/** A loop, and no callback: it runs for each value that is ever written. */
function areStorable(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (typeof value === "string" ? !isStorableText(value) : Array.isArray(value) && !areStorable(value))
      return false;
  }
  return true;
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}

// Names in commands that are copied.

/** Quotes a name for a shell where it needs that. */
export function quoted(name: string): string {
  return /^[\w.:@%+,/=-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

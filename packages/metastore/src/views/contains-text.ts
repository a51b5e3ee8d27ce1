// Searching columns for a part of them.

import { sql, type RawBuilder } from "kysely";
import { storableText } from "../storable-text.ts";

/** The condition that a column contains a string, every character of which stands for itself, but for the case of a to z. */
export function containsText(column: string, text: string): RawBuilder<boolean> {
  const lowered = storableText(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const pattern = `%${lowered.replace(/[\\%_]/g, "\\$&")}%`;
  return sql<boolean>`(lower(${sql.ref(column)}) like ${pattern} escape '\\')`;
}

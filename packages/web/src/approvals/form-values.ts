// Fields of a request as people type them, and the values that they become.

/** A field by its schema: how it is typed. */
export type FieldKind = "text" | "number" | "boolean" | "json";

/** Returns how a field is typed. @param value its default @param schema a JSON schema */
export function fieldKindOf(value: unknown, schema: unknown): FieldKind {
  const type =
    typeof schema === "object" && schema !== null ? (schema as { type?: unknown }).type : undefined;
  if (type === "string" || (type === undefined && typeof value === "string")) return "text";
  if (type === "number" || type === "integer" || (type === undefined && typeof value === "number"))
    return "number";
  if (type === "boolean" || (type === undefined && typeof value === "boolean")) return "boolean";
  return "json";
}

/** Returns a value as it is typed. */
export function toTyped(kind: FieldKind, value: unknown): string {
  return kind === "text" && typeof value === "string" ? value : JSON.stringify(value);
}

/** A typed field as its value, or the fault of it. */
export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: string };

/** Reads what was typed. Whether it fits the schema is for the server to say. */
export function parseTyped(kind: FieldKind, typed: string): Parsed {
  if (kind === "text") return { ok: true, value: typed };
  if (kind === "boolean") return { ok: true, value: typed === "true" };
  if (kind === "number") {
    const value = Number(typed);
    return typed.trim() !== "" && Number.isFinite(value)
      ? { ok: true, value }
      : { ok: false, fault: "must be a number" };
  }
  try {
    return { ok: true, value: JSON.parse(typed) as unknown };
  } catch {
    return { ok: false, fault: "must be JSON" };
  }
}

// The rules for ids of Dags and tasks.

const IDENTIFIER = /^[A-Za-z0-9_.-]{1,250}$/;

/** The rule as shown in messages. */
export const IDENTIFIER_RULE = "use only letters, digits, _, - and ., at most 250 characters";

/** True for a valid id: 1 to 250 letters, digits, `_`, `-` and `.`. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === "string" && IDENTIFIER.test(value);
}

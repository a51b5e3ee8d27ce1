// What may be the id of a Dag or a task.

const IDENTIFIER = /^[A-Za-z0-9_.-]{1,250}$/;

/** The rule, for messages. */
export const IDENTIFIER_RULE = "use letters, digits, _ - and . only, at most 250 of them";

/** True for an id: letters, digits, `_`, `-` and `.`, 1 to 250 of them. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === "string" && IDENTIFIER.test(value);
}

// Paths into a JSON value, as messages show them: `$.rows[3].at`.

/** A step into a value: a property's name or an element's index. */
export type JsonPathStep = string | number;

const PLAIN_NAME = /^[A-Za-z_$][\w$]*$/;

/** Writes a path: `$` is the value itself, names that are no identifiers are quoted as in JSON. */
export function formatJsonPath(steps: readonly JsonPathStep[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    return PLAIN_NAME.test(step) ? `${path}.${step}` : `${path}[${JSON.stringify(step)}]`;
  }, "$");
}

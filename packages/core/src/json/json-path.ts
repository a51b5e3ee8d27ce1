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

const LONGEST_SHOWN_PATH = 200;

/** Keeps both ends of a path that would fill the screen. */
export function shortenJsonPath(path: string): string {
  if (path.length <= LONGEST_SHOWN_PATH) return path;
  return `${path.slice(0, LONGEST_SHOWN_PATH / 2)}…${path.slice(-LONGEST_SHOWN_PATH / 2)}`;
}

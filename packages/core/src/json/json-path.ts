// Paths into a JSON value, as shown in messages: `$.rows[3].at`.

/** A step into a value: a property name or an element index. */
export type JsonPathStep = string | number;

const PLAIN_NAME = /^[A-Za-z_$][\w$]*$/;

/** Formats a path. `$` is the value itself; names that are not identifiers are quoted as in JSON. */
export function formatJsonPath(steps: readonly JsonPathStep[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    return PLAIN_NAME.test(step) ? `${path}.${step}` : `${path}[${JSON.stringify(step)}]`;
  }, "$");
}

const LONGEST_SHOWN_PATH = 200;

/** Shortens a long path, keeping both ends. */
export function shortenJsonPath(path: string): string {
  if (path.length <= LONGEST_SHOWN_PATH) return path;
  return `${path.slice(0, LONGEST_SHOWN_PATH / 2)}…${path.slice(-LONGEST_SHOWN_PATH / 2)}`;
}

// Finds where invalid JSON starts. JSON.parse reports it only for some errors.

const SPACE = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- JSON has none of them inside a string
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** Tokens that may come next. */
type Expected = "value" | "value or ]" | "name" | "name or }" | "after";

/**
 * Returns the offset of the first invalid token, the text's length if it ends too early, or `null` if it
 * is valid.
 */
export function findJsonFault(text: string): number | null {
  const open: ("[" | "{")[] = [];
  let at = 0;
  let expected: Expected = "value";
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const takeMark = (mark: string): boolean => {
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };
  for (;;) {
    take(SPACE);
    const start = at;
    switch (expected) {
      case "after": {
        const inside = open.at(-1);
        if (inside === undefined) return at === text.length ? null : start;
        if (takeMark(",")) expected = inside === "[" ? "value" : "name";
        else if (takeMark(inside === "[" ? "]" : "}")) open.pop();
        else return start;
        break;
      }
      case "name or }":
      case "name":
        if (expected === "name or }" && takeMark("}")) {
          open.pop();
          expected = "after";
          break;
        }
        if (!take(STRING)) return start;
        take(SPACE);
        if (!takeMark(":")) return at;
        expected = "value";
        break;
      case "value or ]":
      case "value":
        if (expected === "value or ]" && takeMark("]")) {
          open.pop();
          expected = "after";
        } else if (takeMark("[")) {
          open.push("[");
          expected = "value or ]";
        } else if (takeMark("{")) {
          open.push("{");
          expected = "name or }";
        } else if (take(STRING) || take(SCALAR)) expected = "after";
        else return start;
    }
  }
}

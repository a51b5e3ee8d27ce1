// Finds the folders that a Python file adds to its module search path.

import type { PythonCode } from "./python-code.ts";

/**
 * Returns the folders that are added by `sys.path` or `addsitedir` at `index`: none if it is only read,
 * `undefined` if unknown.
 */
export function searchPathOf(code: PythonCode, index: number): string[] | undefined {
  if (code.textAt(index) === "addsitedir") return one(code, index + 2);
  const [next, method] = [code.textAt(index + 1), code.textAt(index + 2)];
  if (next === ".") {
    if (method === "append") return one(code, index + 4);
    if (method === "insert") return one(code, code.find(index + 4, [",", ")"]) + 1);
    return method === "extend" ? list(code, index + 4) : [];
  }
  if (next === "=" || next === "+=") return list(code, index + 2);
  if (next !== "[") return [];
  const end = code.endOfCall(index + 1);
  if (code.textAt(end + 1) !== "=") return [];
  return code.textAt(end + 2) === "[" ? list(code, end + 2) : one(code, end + 2);
}

function one(code: PythonCode, start: number): string[] | undefined {
  const path = code.pathAt(start, [")", "\n", ";"]);
  return path === undefined ? undefined : [path];
}

/** A list of paths, before or after which `sys.path` itself may appear. */
function list(code: PythonCode, start: number): string[] | undefined {
  const isAfter = code.textAt(start) === "sys" && code.textAt(start + 3) === "+";
  let at = isAfter ? start + 4 : start;
  if (code.textAt(at) !== "[") return undefined;
  const paths: string[] = [];
  do {
    const path = code.pathAt(at + 1, ["]", ","]);
    if (path === undefined) return undefined;
    paths.push(path);
    at = code.find(at + 1, [",", "]"]);
  } while (code.textAt(at) === ",");
  return paths;
}

// Tokenizes a Python program as far as needed to find its imports: names, operators, strings, ends of
// statements.

/** One token. The text of a string is its content; only escaped line ends are processed. */
export interface PythonToken {
  readonly kind: "name" | "string" | "operator" | "end";
  readonly text: string;
  readonly line: number;
  /** True for a formatted string with placeholders; `undefined` otherwise. */
  readonly isFormatted?: boolean;
}

const TOKEN =
  /(?<space>[ \t\f\r]+|\\\r?\n)|(?<comment>#[^\n]*)|(?<newline>\n)|(?<quote>[A-Za-z]{0,2}(?:'''|"""|'|"))|(?<name>[\p{L}\p{Nl}_][\p{L}\p{N}_]*)|(?<number>\d[\w.]*)|(?<operator>\+=|==|!=|<=|>=|:=|->|\*\*|\/\/|[^])/uy;

/**
 * Returns all tokens in order. Adjacent strings are joined, as in Python. Never fails: other input yields
 * arbitrary tokens.
 */
export function pythonTokens(text: string): PythonToken[] {
  const tokens: PythonToken[] = [];
  let line = 1;
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) break;
    const groups = match.groups ?? {};
    const [found] = match;
    at += found.length;
    if (groups["quote"] !== undefined) {
      const string = stringAt(text, at, found);
      addString(tokens, { kind: "string", text: string.content, line, isFormatted: string.isFormatted });
      line += countLines(string.content);
      at = string.end;
    } else if (groups["newline"] !== undefined) {
      if (depth === 0) tokens.push({ kind: "end", text: "\n", line });
      line += 1;
    } else if (groups["space"] !== undefined) {
      if (found.startsWith("\\")) line += 1;
    } else if (groups["operator"] !== undefined) {
      if ("([{".includes(found)) depth += 1;
      if (")]}".includes(found)) depth = Math.max(0, depth - 1);
      tokens.push({ kind: found === ";" && depth === 0 ? "end" : "operator", text: found, line });
    } else if (groups["comment"] === undefined) {
      tokens.push({ kind: groups["name"] === undefined ? "operator" : "name", text: found, line });
    }
  }
  tokens.push({ kind: "end", text: "\n", line });
  return tokens;
}

/** Reads the string that begins at `start`, after its prefix and quotes. */
function stringAt(
  text: string,
  start: number,
  opening: string,
): { readonly content: string; readonly end: number; readonly isFormatted: boolean } {
  const prefix = opening.replace(/['"]+$/, "").toLowerCase();
  const quotes = opening.slice(prefix.length);
  let at = start;
  while (at < text.length && !text.startsWith(quotes, at)) {
    if (quotes.length === 1 && text[at] === "\n") break; // Unterminated: it ends with the line.
    at += text[at] === "\\" ? 2 : 1;
  }
  const raw = text.slice(start, at);
  const content = prefix.includes("r") ? raw : raw.replaceAll("\\\n", "");
  const isFormatted = /[ft]/.test(prefix) && /\{(?!\{)/.test(raw.replaceAll("{{", ""));
  const isEnded = text.startsWith(quotes, at);
  return { content, end: isEnded ? at + quotes.length : at, isFormatted };
}

function addString(tokens: PythonToken[], token: PythonToken): void {
  const before = tokens.at(-1);
  if (before?.kind !== "string") {
    tokens.push(token);
    return;
  }
  const isFormatted = before.isFormatted === true || token.isFormatted === true;
  tokens[tokens.length - 1] = { ...before, text: before.text + token.text, isFormatted };
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

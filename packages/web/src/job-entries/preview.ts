// Decides by its bytes how an entry of a job cache is shown: as an image, a table, text, or bytes. Nothing in it is run.

/** A preview. */
export type Preview =
  | { readonly kind: "image" }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly isCut: boolean;
    }
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "bytes"; readonly lines: readonly string[]; readonly isCut: boolean };

/** Rows and columns of a table that are shown. */
const MOST_ROWS = 200;
const MOST_COLUMNS = 50;

/** Characters of a cell that are shown. */
const LONGEST_CELL = 200;

/** Bytes that are shown as bytes, and those of a line. */
const SHOWN_BYTES = 512;
const LINE_BYTES = 16;

/**
 * Returns what to show.
 * @param type the content type of the answer: only the server says that something is an image
 * @param bytes its beginning @param size of the whole in bytes
 */
export function previewOf(type: string, key: string, bytes: Uint8Array, size: number): Preview {
  if (type.startsWith("image/")) return { kind: "image" };
  const isCut = bytes.length < size;
  const text = textOf(bytes, isCut);
  if (text === undefined) return { kind: "bytes", lines: hexLines(bytes), isCut: size > SHOWN_BYTES };
  const table = tableOf(key, isCut ? text.slice(0, text.lastIndexOf("\n") + 1) : text);
  if (table) return { kind: "table", ...table, isCut: isCut || table.isCut };
  return { kind: "text", text: isCut ? text : indented(text), isCut };
}

/** The text, if it is UTF-8 without control characters. A character that the cut divides is left out. */
function textOf(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    // oxlint-disable-next-line no-control-regex -- these are what tells bytes from text
    return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

interface TableText {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly isCut: boolean;
}

function tableOf(key: string, text: string): TableText | undefined {
  if (/\.csv$/i.test(key)) return ofCells(separated(text, ","));
  if (/\.tsv$/i.test(key)) return ofCells(separated(text, "\t"));
  return ofObjects(text);
}

function ofCells([head, ...rows]: readonly (readonly string[])[]): TableText | undefined {
  if (!head || head.length < 2) return undefined;
  return cut(head, rows);
}

/** A list of objects as JSON, or an object in each line. */
function ofObjects(text: string): TableText | undefined {
  const values = parsed(text) ?? linesOf(text);
  if (!Array.isArray(values) || values.length === 0 || !values.every(isObject)) return undefined;
  const head = [...new Set(values.slice(0, MOST_ROWS).flatMap((value) => Object.keys(value)))];
  if (head.length === 0) return undefined;
  return cut(
    head,
    values.map((value) => head.map((name) => cellOf(value, name))),
  );
}

function linesOf(text: string): unknown[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length < 2) return undefined;
  const values = lines.map(parsed);
  return values.includes(undefined) ? undefined : values;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cellOf(value: Readonly<Record<string, unknown>>, name: string): string {
  if (!Object.hasOwn(value, name)) return "";
  const cell = value[name];
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}

function cut(head: readonly string[], rows: readonly (readonly string[])[]): TableText {
  const shorten = (cell: string): string =>
    cell.length > LONGEST_CELL ? `${cell.slice(0, LONGEST_CELL)}…` : cell;
  const narrow = (row: readonly string[]): string[] => row.slice(0, MOST_COLUMNS).map(shorten);
  return {
    head: narrow(head),
    rows: rows.slice(0, MOST_ROWS).map(narrow),
    isCut: rows.length > MOST_ROWS || head.length > MOST_COLUMNS,
  };
}

/** Cells by RFC 4180: a cell in quotes may have separators, ends of lines, and quotes that are doubled. */
function separated(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') {
        cell += char;
        at += 1;
      } else isQuoted = false;
    } else if (char === '"' && cell === "") isQuoted = true;
    else if (char === separator || char === "\n") {
      row.push(cell.replace(/\r$/, ""));
      cell = "";
      if (char === separator) continue;
      rows.push(row);
      row = [];
    } else cell += char;
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  return rows.filter((cells) => cells.some((each) => each !== ""));
}

function indented(text: string): string {
  const value = /^\s*[[{]/.test(text) ? parsed(text) : undefined;
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

function hexLines(bytes: Uint8Array): string[] {
  const shown = bytes.subarray(0, SHOWN_BYTES);
  return Array.from({ length: Math.ceil(shown.length / LINE_BYTES) }, (_, index) => {
    const line = shown.subarray(index * LINE_BYTES, (index + 1) * LINE_BYTES);
    const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(line, (byte) => (byte > 31 && byte < 127 ? String.fromCodePoint(byte) : "·"));
    const place = (index * LINE_BYTES).toString(16).padStart(6, "0");
    return `${place}  ${hex.padEnd(LINE_BYTES * 3)} ${text.join("")}`;
  });
}

// The part of a log that is in memory: whole lines between two bytes. It grows upwards by ranges and downwards by what
// is written, and is cut at the far end where it grows too large.

/** A line, without its end. */
export interface LogLine {
  /** The byte at which it begins: its name in links. */
  readonly at: number;
  readonly text: string;
}

/** A part of a log. */
export interface LogWindow {
  /** The byte of the first line. */
  readonly from: number;
  /** The byte after the last line. */
  readonly to: number;
  readonly lines: readonly LogLine[];
  /** True if the last line has no end yet. */
  readonly isOpen: boolean;
}

/** Bytes of a range that is asked for. */
export const RANGE_BYTES = 65_536;

/** Bytes that are kept in memory. */
const MOST_BYTES = 8_388_608;

const NEWLINE = 10;

/** A window on bytes that begin at `from`. The part of a line at its beginning is left out unless `isLineStart`. */
export function openWindow(bytes: Uint8Array, from: number, isLineStart = from === 0): LogWindow {
  const first = isLineStart ? 0 : bytes.indexOf(NEWLINE) + 1;
  const lines = splitLines(bytes, from, first);
  return {
    from: from + first,
    to: from + bytes.length,
    lines,
    isOpen: bytes.length > first && bytes.at(-1) !== NEWLINE,
  };
}

/**
 * Adds the bytes before a window, which end where it begins. Where they are a part of one long line, that part is a
 * line of its own.
 */
export function prepend(window: LogWindow, bytes: Uint8Array): LogWindow {
  const from = window.from - bytes.length;
  const isOneLine = !bytes.subarray(0, -1).includes(NEWLINE);
  const before = openWindow(bytes, from, from === 0 || isOneLine);
  return { ...window, from: before.from, lines: [...before.lines, ...window.lines] };
}

/** Adds text that was written. @param to the byte after it */
export function append(window: LogWindow, text: string, to: number): LogWindow {
  if (text === "") return { ...window, to };
  const bytes = new TextEncoder().encode(text);
  const added = splitLines(bytes, window.to, 0);
  const [first, ...rest] = added;
  const last = window.lines.at(-1);
  const lines =
    window.isOpen && last && first
      ? [...window.lines.slice(0, -1), { at: last.at, text: last.text + first.text }, ...rest]
      : [...window.lines, ...added];
  return { from: window.from, to, lines, isOpen: !text.endsWith("\n") };
}

/** Leaves out lines at one end, so that the others have at most so many bytes. */
export function trim(window: LogWindow, end: "top" | "bottom", most: number = MOST_BYTES): LogWindow {
  if (window.to - window.from <= most) return window;
  if (end === "top") {
    const kept = window.lines.findIndex(({ at }) => window.to - at <= most);
    if (kept <= 0) return window;
    return { ...window, from: window.lines[kept]?.at ?? window.to, lines: window.lines.slice(kept) };
  }
  const cut = window.lines.findIndex(({ at }) => at - window.from > most);
  if (cut < 0) return window;
  return {
    ...window,
    to: window.lines[cut]?.at ?? window.to,
    lines: window.lines.slice(0, cut),
    isOpen: false,
  };
}

function splitLines(bytes: Uint8Array, from: number, first: number): LogLine[] {
  const decoder = new TextDecoder();
  const lines: LogLine[] = [];
  for (let at = first; at < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, at);
    const end = found < 0 ? bytes.length : found;
    // Of Windows' ends of lines, `\r` would overwrite nothing.
    const textEnd = end > at && bytes[end - 1] === 13 && found >= 0 ? end - 1 : end;
    lines.push({ at: from + at, text: decoder.decode(bytes.subarray(at, textEnd)) });
    at = end + 1;
  }
  return lines;
}

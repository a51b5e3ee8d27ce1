// A line of a log as spans of text: colours and weights of ANSI escapes, and what `\r` overwrites. Nothing of a line is
// ever more than text; escapes that mean anything else are left out.

/** The look of a span. Colours are 0 to 15, as terminals number them. */
export interface AnsiStyle {
  readonly color: number | null;
  readonly background: number | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
}

/** Text of one look. */
export interface AnsiSpan {
  readonly text: string;
  readonly style: AnsiStyle;
}

/** How text looks without escapes. */
export const PLAIN: AnsiStyle = {
  color: null,
  background: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isInverse: false,
};

/** Characters of a line that are shown. */
const MOST_SHOWN = 8_192;

// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const SPECIAL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

// Control sequences, then those with a string that a bell or ST ends, then all other escapes, then control characters.
const TOKENS =
  // oxlint-disable-next-line no-control-regex -- as above
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Reads a line without its end. @returns its spans, and the style that goes on in the next line */
export function readAnsiLine(
  line: string,
  start: AnsiStyle = PLAIN,
): { readonly spans: readonly AnsiSpan[]; readonly end: AnsiStyle } {
  const shown = line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
  if (!SPECIAL.test(shown)) return { spans: shown === "" ? [] : [{ text: shown, style: start }], end: start };
  const screen = new ScreenLine(start);
  let at = 0;
  for (const match of shown.matchAll(TOKENS)) {
    screen.write(shown.slice(at, match.index));
    at = match.index + match[0].length;
    screen.control(match[0], match[1] ?? "", match[2]);
  }
  screen.write(shown.slice(at));
  return { spans: screen.spans(), end: screen.style };
}

/** A line as a terminal shows it, of which a part may be overwritten. */
class ScreenLine {
  style: AnsiStyle;
  #cells: { readonly text: string; readonly style: AnsiStyle }[] = [];
  #column = 0;

  constructor(style: AnsiStyle) {
    this.style = style;
  }

  write(text: string): void {
    for (const character of text) {
      while (this.#cells.length < this.#column) this.#cells.push({ text: " ", style: PLAIN });
      this.#cells[this.#column] = { text: character, style: this.style };
      this.#column++;
    }
  }

  control(whole: string, parameters: string, final: string | undefined): void {
    if (whole === "\r") this.#column = 0;
    else if (whole === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (final === "m") this.style = applyColors(this.style, parameters);
    else if (final === "K") this.#erase(parameters);
    else if (final === "G") this.#column = Math.min(Math.max(Number(parameters) || 1, 1) - 1, MOST_SHOWN);
  }

  #erase(parameters: string): void {
    if (parameters === "" || parameters === "0")
      this.#cells.length = Math.min(this.#cells.length, this.#column);
    else if (parameters === "2") this.#cells = [];
    else if (parameters === "1")
      for (let at = 0; at < Math.min(this.#column, this.#cells.length); at++)
        this.#cells[at] = { text: " ", style: PLAIN };
  }

  spans(): AnsiSpan[] {
    const spans: { text: string; style: AnsiStyle }[] = [];
    for (const { text, style } of this.#cells) {
      const last = spans.at(-1);
      if (last?.style === style) last.text += text;
      else spans.push({ text, style });
    }
    return spans;
  }
}

function applyColors(style: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { color, taken } = readExtended(codes.slice(at + 1));
      at += taken;
      next = code === 38 ? { ...next, color } : { ...next, background: color };
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(style: AnsiStyle, code: number): AnsiStyle {
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 90 + 8 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 100 + 8 };
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...style, isBold: true };
    case 2:
      return { ...style, isDim: true };
    case 3:
      return { ...style, isItalic: true };
    case 4:
      return { ...style, isUnderlined: true };
    case 7:
      return { ...style, isInverse: true };
    case 22:
      return { ...style, isBold: false, isDim: false };
    case 23:
      return { ...style, isItalic: false };
    case 24:
      return { ...style, isUnderlined: false };
    case 27:
      return { ...style, isInverse: false };
    case 39:
      return { ...style, color: null };
    case 49:
      return { ...style, background: null };
    default:
      return style;
  }
}

/** Colours of 256 and of 24 bits become the nearest of the sixteen, which can be read in both themes. */
function readExtended([kind, ...rest]: readonly number[]): { color: number | null; taken: number } {
  if (kind === 5) return { color: ofPalette(rest[0] ?? 0), taken: 2 };
  if (kind === 2) return { color: nearest(rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0), taken: 4 };
  return { color: null, taken: 1 };
}

function ofPalette(index: number): number {
  if (index < 16) return index;
  if (index >= 232) {
    const grey = (index - 232) * 10 + 8;
    return nearest(grey, grey, grey);
  }
  const levels = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return nearest(levels[Math.floor(at / 36)] ?? 0, levels[Math.floor(at / 6) % 6] ?? 0, levels[at % 6] ?? 0);
}

function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 48) return most < 64 ? 0 : most < 144 ? 8 : most < 224 ? 7 : 15;
  const half = (most + least) / 2;
  const bits = (red > half ? 1 : 0) | (green > half ? 2 : 0) | (blue > half ? 4 : 0);
  return most > 208 ? bits + 8 : bits;
}

// Escapes what is not ASCII in a bundled file. V8 keeps the text of a file with one such character in two bytes for
// each: twice the memory, and twice the time to read it.
//
// The file has no comments, and outside of them an escape means the same wherever such a character may be, but for
// a tagged template that asks for its raw text.

const NOT_ASCII = /[^\0-\x7f]/g;
const ESCAPE_LENGTH = "\\u0000".length;

/** Returns the text with escapes. */
export function escapeNonAscii(code) {
  if (/String\.raw`[^`]*[^\0-\x7f`]/.test(code)) throw new Error("a raw template has more than ASCII");
  return code.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Moves the decoded mappings of the text to where its parts are after {@link escapeNonAscii}. */
export function moveMappings(mappings, code) {
  const lines = code.split("\n");
  return mappings.map((segments, index) => {
    const places = [...(lines[index] ?? "").matchAll(NOT_ASCII)].map((match) => match.index);
    if (places.length === 0) return segments;
    return segments.map(([column, ...rest]) => {
      const before = places.filter((place) => place < column).length;
      return [column + before * (ESCAPE_LENGTH - 1), ...rest];
    });
  });
}

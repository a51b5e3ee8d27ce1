// Labels in a form that every picture can have.

/** Replaces the characters that XML 1.0 does not have, which an SVG, also one that Graphviz draws, cannot contain. */
export function plainLabel(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}

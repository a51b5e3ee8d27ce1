// The little of SVG that the pictures need, as text.

/** A piece of SVG, escaped already. */
export type Svg = string;

/** An element with attributes and children. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: Svg[]
): Svg {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(shorten(value))}"`);
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

/** A line of text whose baseline starts at (x, y). */
export function text(
  x: number,
  y: number,
  words: string,
  attributes: Readonly<Record<string, string | number>> = {},
): Svg {
  return element("text", { x, y, ...attributes }, escape(words));
}

/** A whole picture, in pixels. */
export function svgDocument(width: number, height: number, ...children: Svg[]): Svg {
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "font-family": "system-ui, sans-serif",
    "font-size": 13,
    fill: "#24292f",
  };
  return element("svg", attributes, element("rect", { width, height, fill: "#ffffff" }), ...children);
}

function shorten(value: string | number): string {
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
}

function escape(raw: string): string {
  return raw
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

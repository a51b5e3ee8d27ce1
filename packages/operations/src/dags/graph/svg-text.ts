// A graph as an SVG image, without a program to draw it.

import type { DrawnGraph } from "./drawn-graph.ts";
import { inLayers } from "./layers.ts";
import { plainLabel } from "./plain-label.ts";

/** Sizes in pixels. */
const NODE_HEIGHT = 32;
const ROW_GAP = 20;
const LAYER_GAP = 72;
const MARGIN = 16;
const LETTER = 8;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The text of the image. */
export function svgText({ title, nodes, edges }: DrawnGraph): string {
  const numbers = new Map(nodes.map(({ id }, index) => [id, index]));
  const numbered = edges.map(({ from, to }) => [numbers.get(from) ?? 0, numbers.get(to) ?? 0] as const);
  const { layers, paths } = inLayers(nodes.length, numbered);
  const widths = layers.map((layer) =>
    layer.reduce((widest, node) => Math.max(widest, widthOf(nodes[node]?.label ?? "")), 0),
  );
  const rows = layers.reduce((most, layer) => Math.max(most, layer.length), 1);
  const height = 2 * MARGIN + rows * NODE_HEIGHT + (rows - 1) * ROW_GAP;
  const width =
    2 * MARGIN + widths.reduce((sum, each) => sum + each, 0) + Math.max(0, layers.length - 1) * LAYER_GAP;
  const starts = widths.map((_, index) =>
    widths.slice(0, index).reduce((sum, each) => sum + each + LAYER_GAP, MARGIN),
  );
  /** The left end of each node and point, in the middle of its height. */
  const places = new Map<number, Point>();
  const ends = new Map<number, number>();
  for (const [index, layer] of layers.entries()) {
    const used = layer.length * NODE_HEIGHT + (layer.length - 1) * ROW_GAP;
    for (const [row, node] of layer.entries()) {
      const y = (height - used) / 2 + row * (NODE_HEIGHT + ROW_GAP) + NODE_HEIGHT / 2;
      places.set(node, { x: starts[index] ?? 0, y });
      ends.set(node, (starts[index] ?? 0) + (widths[index] ?? 0));
    }
  }
  const placeOf = (node: number): Point => places.get(node) ?? { x: 0, y: 0 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      'font-family="sans-serif" font-size="13">',
    `<title>${escaped(title)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">' +
      '<path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
    ...paths.map((path) => {
      const curve = path.slice(1).map((to, index) => {
        const from = path[index] ?? 0;
        return curveTo(
          { x: ends.get(from) ?? 0, y: placeOf(from).y },
          placeOf(to),
          ends.get(to),
          index < path.length - 2,
        );
      });
      const first = path[0] ?? 0;
      return (
        `<path d="M${ends.get(first) ?? 0} ${placeOf(first).y}${curve.join("")}" fill="none" stroke="#555" ` +
        'marker-end="url(#arrow)"/>'
      );
    }),
    ...edges.flatMap(({ label }, index) => {
      const [from = 0, to = 0] = paths[index] ?? [];
      if (label === null) return [];
      const x = ((ends.get(from) ?? 0) + placeOf(to).x) / 2;
      const y = (placeOf(from).y + placeOf(to).y) / 2 - 4;
      return [
        `<text x="${x}" y="${y}" text-anchor="middle" font-size="11" fill="#555">${escaped(label)}</text>`,
      ];
    }),
    ...nodes.flatMap(({ label, isCached }, node) => {
      const { x, y } = placeOf(node);
      const wide = (ends.get(node) ?? x) - x;
      return [
        `<rect x="${x}" y="${y - NODE_HEIGHT / 2}" width="${wide}" height="${NODE_HEIGHT}" rx="6" fill="#fff" ` +
          `stroke="#333" stroke-width="${isCached ? 2.5 : 1}"/>`,
        `<text x="${x + wide / 2}" y="${y + 4.5}" text-anchor="middle" fill="#111">${escaped(label)}</text>`,
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}

/** A curve to the left end of a node, or through a point to its right end. */
function curveTo(from: Point, to: Point, end: number | undefined, isPoint: boolean): string {
  const middle = (from.x + to.x) / 2;
  const through = isPoint ? `H${end ?? to.x}` : "";
  return `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}${through}`;
}

/** An estimate: what a browser takes depends on its fonts. Wide characters take two letters. */
function widthOf(label: string): number {
  const letters = [...label].reduce((sum, each) => sum + (/[ -ɏ]/u.test(each) ? 1 : 2), 0);
  return label === "" ? 0 : Math.ceil(letters * LETTER + 20);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escaped(text: string): string {
  return plainLabel(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

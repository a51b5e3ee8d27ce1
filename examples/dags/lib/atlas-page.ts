// The page of an atlas: one picture for each tile, where it lies.

import type { TileHeights } from "./tile-heights.ts";

/** HTML that shows the pictures in the folder `images` beside it. */
export function atlasPage(tiles: readonly TileHeights[]): string {
  const columns = Math.round(Math.sqrt(tiles.length));
  const figures = tiles.map(
    ({ tile, lowest, highest, land }) =>
      `<img src="images/${tile}.png" title="${tile}: ${lowest} to ${highest} m, ${Math.round(land * 100)} % land">`,
  );
  return `<!doctype html>
<meta charset="utf-8">
<title>Atlas</title>
<style>
  main { display: grid; grid-template-columns: repeat(${columns}, 1fr); width: min(100vw, 64rem) }
  img { width: 100%; display: block }
</style>
<main>
${figures.join("\n")}
</main>
`;
}

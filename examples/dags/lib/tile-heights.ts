// Measures the tiles of a landscape.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The heights of a tile, in metres. */
export interface TileHeights {
  /** Row and column, such as `0-3`. */
  readonly tile: string;
  readonly lowest: number;
  readonly highest: number;
  /** The share of its points that are above the sea. */
  readonly land: number;
}

/** Measures every tile of a folder, in the order of their names. */
export async function measureTiles(folder: string): Promise<TileHeights[]> {
  const measured: TileHeights[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const bytes = await readFile(join(folder, name));
    const heights = new Float32Array(
      bytes.buffer,
      bytes.byteOffset,
      bytes.length / Float32Array.BYTES_PER_ELEMENT,
    );
    let [lowest, highest, land] = [Infinity, -Infinity, 0];
    for (const height of heights) {
      if (height < lowest) lowest = height;
      if (height > highest) highest = height;
      if (height > 0) land += 1;
    }
    measured.push({
      tile: name.replace(".f32", ""),
      lowest: Math.round(lowest),
      highest: Math.round(highest),
      land: Math.round((land / heights.length) * 100) / 100,
    });
  }
  return measured;
}

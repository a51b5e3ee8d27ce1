// The original name of a piece of an artifact in its source.

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { posix } from "node:path";

/** The origin of a piece of code. */
export interface SourcePlace {
  /** Relative to the folder that the caller gave, with forward slashes; empty if unknown. */
  readonly path: string;
  /** Starts at 1; 0 if unknown. */
  readonly line: number;
  /** Starts at 1; 0 if unknown. */
  readonly column: number;
  /** The source's own name for the code, if the bundler changed it. */
  readonly name: string | null;
}

/** Maps an artifact's offsets back to its sources. */
export class PlaceNames {
  readonly #lines: readonly number[];
  readonly #map: TraceMap | null;
  readonly #folder: string;

  /**
   * @param map the source map's JSON, version 3, or `null`
   * @param folder the folder of the map's sources, relative to the start of shown paths
   */
  constructor(code: string, map: string | null, folder: string) {
    this.#lines = lineStarts(code);
    this.#map = readMap(map);
    this.#folder = folder;
  }

  /** Returns the offset of a line and a column, both starting at 0. */
  offsetOf(line: number, column: number): number | undefined {
    const start = this.#lines[line];
    return start === undefined ? undefined : start + column;
  }

  /** Returns the origin of the code at an offset. */
  placeOf(offset: number): SourcePlace {
    if (!this.#map) return { path: "", line: 0, column: 0, name: null };
    const line = this.#lineOf(offset);
    const {
      source,
      line: sourceLine,
      column,
      name,
    } = originalPositionFor(this.#map, {
      line: line + 1,
      column: offset - (this.#lines[line] ?? 0),
    });
    return source === null
      ? { path: "", line: 0, column: 0, name: null }
      : {
          path: posix.normalize(posix.join(this.#folder, source)),
          line: sourceLine,
          column: column + 1,
          name,
        };
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lines[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

function readMap(map: string | null): TraceMap | null {
  if (map === null) return null;
  try {
    return new TraceMap(map);
  } catch {
    // Names are for display: without a map there are none, and the hash is the same.
    return null;
  }
}

function lineStarts(code: string): number[] {
  const starts = [0];
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

// The heights of a landscape that does not exist: the same on every machine, as it is made by exact arithmetic alone.

const OCTAVES = 7;
/** Metres from the lowest point that is possible to the highest. */
const RANGE = 3_000;
/** Metres at which about half of the landscape is under water. */
const SEA = RANGE / 2;

/** Heights on the corners of square cells. */
interface Lattice {
  readonly cells: number;
  readonly corners: Float64Array;
  /** How far each point of a cell is on the way from one corner to the next. */
  readonly shares: Float64Array;
  readonly weight: number;
}

/**
 * The rows of a square landscape, from north to south: heights above the sea in metres, as 32-bit floats in the byte
 * order of the machine. Yields one row at a time, so that a landscape of any size takes no memory.
 * @param size points of a side, a multiple of 512
 */
export async function* heightRows(size: number, seed: number): AsyncGenerator<Uint8Array> {
  const lattices = Array.from({ length: OCTAVES }, (_, octave) =>
    latticeOf(size, 4 << octave, seed + octave, 0.5 ** octave),
  );
  const total = lattices.reduce((sum, { weight }) => sum + weight, 0);
  for (let y = 0; y < size; y += 1) {
    const row = new Float64Array(size);
    for (const lattice of lattices) addRow(row, lattice, y);
    const heights = Float32Array.from(row, (value) => (value / total) * RANGE - SEA);
    yield new Uint8Array(heights.buffer);
  }
}

function latticeOf(size: number, cells: number, seed: number, weight: number): Lattice {
  const side = cells + 1;
  const width = size / cells;
  const shares = Float64Array.from({ length: width }, (_, step) => smooth(step / width));
  const corners = Float64Array.from({ length: side * side }, (_, index) => chance(seed, index));
  return { cells, corners, shares, weight };
}

function addRow(row: Float64Array, { cells, corners, shares, weight }: Lattice, y: number): void {
  const width = shares.length;
  const top = Math.floor(y / width);
  const down = shares[y % width] ?? 0;
  const side = cells + 1;
  const corner = (line: number, column: number): number => corners[line * side + column] ?? 0;
  const heightAt = (column: number): number =>
    (corner(top, column) + (corner(top + 1, column) - corner(top, column)) * down) * weight;
  for (let column = 0; column < cells; column += 1) {
    const left = heightAt(column);
    const rise = heightAt(column + 1) - left;
    for (let step = 0; step < width; step += 1) {
      const x = column * width + step;
      row[x] = (row[x] ?? 0) + left + rise * (shares[step] ?? 0);
    }
  }
}

function smooth(share: number): number {
  return share * share * (3 - 2 * share);
}

/** A number from 0 to 1 for each index. */
function chance(seed: number, index: number): number {
  let mixed = Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a_2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

// Where things are in a grid: arithmetic, as all rows and columns have one size. The newest run is on the right.

/** Sizes in pixels. */
export const ROW = 22;
export const COLUMN = 18;
export const MARK = 12;
/** Above the rows: bars of times. */
export const HEAD = 64;
/** On the left of the columns. */
export const NAMES = 240;

/** The part of a grid that is seen. */
export interface Viewport {
  readonly left: number;
  readonly top: number;
  /** Of the columns, without names. */
  readonly width: number;
  /** Of the rows, without the head. */
  readonly height: number;
}

/** Indices from `first` to `end`, which is not included. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

/** Returns the indices of what is seen of `count` things of a size. */
export function visibleSpan(offset: number, length: number, size: number, count: number): Span {
  return {
    first: Math.max(0, Math.min(count, Math.floor(offset / size))),
    end: Math.max(0, Math.min(count, Math.ceil((offset + length) / size))),
  };
}

/** A cell by its place; `row` -1: the head of its column. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Returns the cell at a point of the view; undefined: there is none. @param x, y from the corner of rows and columns */
export function placeAt(
  { left, top }: Pick<Viewport, "left" | "top">,
  { x, y }: { readonly x: number; readonly y: number },
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Place | undefined {
  const column = Math.floor((x + left) / COLUMN);
  if (x < 0 || column < 0 || column >= columns) return undefined;
  if (y < 0) return y >= -HEAD ? { row: -1, column } : undefined;
  const row = Math.floor((y + top) / ROW);
  return row < rows ? { row, column } : undefined;
}

/** Returns the place that a key leads to; undefined: it is none of a grid. */
export function moveBy(
  key: string,
  { row, column }: Place,
  { rows, columns, page }: { readonly rows: number; readonly columns: number; readonly page: number },
): Place | undefined {
  const to = (nextRow: number, nextColumn: number): Place => ({
    row: Math.max(-1, Math.min(rows - 1, nextRow)),
    column: Math.max(0, Math.min(columns - 1, nextColumn)),
  });
  switch (key) {
    case "ArrowDown":
    case "j":
      return to(row + 1, column);
    case "ArrowUp":
    case "k":
      return to(row - 1, column);
    case "ArrowLeft":
    case "h":
      return to(row, column - 1);
    case "ArrowRight":
    case "l":
      return to(row, column + 1);
    case "Home":
      return to(row, 0);
    case "End":
      return to(row, columns - 1);
    case "PageDown":
      return to(row + page, column);
    case "PageUp":
      return to(row - page, column);
    default:
      return undefined;
  }
}

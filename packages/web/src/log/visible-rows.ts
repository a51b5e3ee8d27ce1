// Which rows of a long list are drawn: all rows have one height, so that it is arithmetic.

/** Rows that are drawn, and where. */
export interface VisibleRows {
  /** The first row. */
  readonly first: number;
  /** The row after the last. */
  readonly end: number;
  /** Pixels above the first row. */
  readonly top: number;
}

/** Rows beyond each edge, so that slow scrolling shows no gaps. */
const MARGIN = 8;

/** Returns the rows that are seen. Sizes are pixels. */
export function visibleRows(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): VisibleRows {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - MARGIN));
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  return { first, end: Math.max(first, end), top: first * rowHeight };
}

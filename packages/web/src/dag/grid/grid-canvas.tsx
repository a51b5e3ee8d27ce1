// The grid as a picture: names in the DOM, cells on a canvas, what is under the pointer on another one above.
//
// For screen readers and keys it is a grid, of which the active row alone is in the DOM.

import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from "react";
import { readPalette } from "../../marks/draw-mark.ts";
import { formatDuration } from "../../format/format.ts";
import { onThemeChange, resolveColors } from "../../theme/theme.ts";
import { drawGrid, longestOf, type PaintedGrid } from "./draw-grid.ts";
import { COLUMN, HEAD, moveBy, NAMES, placeAt, ROW, type Place, type Viewport } from "./geometry.ts";
import styles from "./grid-canvas.module.css";
import { GridNames } from "./grid-names.tsx";
import { ActiveRow, cellId } from "./active-row.tsx";

/** The height of rows that are seen at once, at most. */
const MOST_HEIGHT = 26 * ROW;

/** A grid to be painted, with what happens on it. */
export interface GridCanvasProps {
  readonly grid: PaintedGrid;
  readonly label: string;
  /** The sentence of a cell. */
  readonly say: (place: Place) => string;
  readonly onOpen: (place: Place) => void;
  readonly onToggle: (groupId: string) => void;
}

/** The grid. */
export function GridCanvas({ grid, label, say, onOpen, onToggle }: GridCanvasProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const cells = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<Viewport>({ left: 0, top: 0, width: 0, height: 0 });
  const [hovered, setHovered] = useState<Place>();
  const [active, setActive] = useState<Place>();
  const columns = grid.runs.length;
  const rows = grid.rows.length;
  const height = Math.min(rows * ROW, MOST_HEIGHT);

  const readView = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    const { scrollLeft: left, scrollTop: top, clientWidth, clientHeight } = element;
    setView((old) => {
      const next = { left, top, width: clientWidth - NAMES, height: clientHeight - HEAD };
      const isSame = (["left", "top", "width", "height"] as const).every((key) => old[key] === next[key]);
      return isSame ? old : next;
    });
  }, []);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    // The newest runs are on the right.
    element.scrollLeft = element.scrollWidth;
    const observer = new ResizeObserver(readView);
    observer.observe(element);
    readView();
    return () => observer.disconnect();
  }, [readView]);

  usePaint(cells, grid, view);
  useOverlay(overlay, hovered ?? active, view);

  const pointed = (event: PointerEvent<HTMLElement>): Place | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top - HEAD };
    return placeAt(view, point, { rows, columns });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = active ?? { row: 0, column: columns - 1 };
    if (event.key === "Enter" && active) return onOpen(active);
    const next = moveBy(event.key, place, { rows, columns, page: Math.floor(height / ROW) });
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    setActive(active ? next : place);
    scrollTo(scroller.current, active ? next : place, view);
  };
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      style={{ height: height + HEAD + 14 }}
      onScroll={readView}
      role="grid"
      aria-label={label}
      aria-rowcount={rows + 1}
      aria-colcount={columns + 1}
      tabIndex={0}
      aria-activedescendant={active && cellId(active)}
      onKeyDown={onKeyDown}
      onFocus={() => setActive((place) => place ?? { row: 0, column: columns - 1 })}
    >
      <div className={styles.space} style={{ width: NAMES + columns * COLUMN, height: HEAD + rows * ROW }}>
        <div className={styles.view} style={{ width: view.width + NAMES, height: view.height + HEAD }}>
          <div className={styles.corner} style={{ width: NAMES, height: HEAD }} aria-hidden="true">
            longest {formatDuration(longestOf(grid))}
          </div>
          <GridNames rows={grid.rows} runs={grid.runs} tasks={grid.tasks} view={view} onToggle={onToggle} />
          <div
            className={styles.cells}
            onPointerMove={(event) => setHovered(pointed(event))}
            onPointerLeave={() => setHovered(undefined)}
            onClick={(event) => {
              const place = pointed(event as unknown as PointerEvent<HTMLElement>);
              if (place) onOpen(place);
            }}
          >
            <canvas ref={cells} />
            <canvas ref={overlay} />
            {hovered && <Sentence place={hovered} view={view} text={say(hovered)} />}
          </div>
        </div>
      </div>
      {active && <ActiveRow grid={grid} place={active} say={say} />}
    </div>
  );
}

/** Paints once for each change of data, size or colours. */
function usePaint(
  canvas: { readonly current: HTMLCanvasElement | null },
  grid: PaintedGrid,
  view: Viewport,
): void {
  const [theme, setTheme] = useState(0);
  const colors = useRef<{
    theme: number;
    palette: ReturnType<typeof readPalette>;
    line: string;
    version: string;
  }>(undefined);
  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), []);
  useLayoutEffect(() => {
    const context = sizeCanvas(canvas.current, view);
    if (!context) return;
    if (colors.current?.theme !== theme) {
      const [line = "", version = ""] = resolveColors(["var(--line)", "var(--text-quiet)"]);
      colors.current = { theme, palette: readPalette(), line, version };
    }
    drawGrid(context, grid, view, colors.current.palette, colors.current);
  }, [canvas, grid, view, theme]);
}

/** What is pointed at: its row and its column. */
function useOverlay(
  canvas: { readonly current: HTMLCanvasElement | null },
  place: Place | undefined,
  view: Viewport,
): void {
  useLayoutEffect(() => {
    const context = sizeCanvas(canvas.current, view);
    if (!context || !place) return;
    const [color = ""] = resolveColors(["color-mix(in oklab, var(--text) 9%, transparent)"]);
    context.fillStyle = color;
    context.fillRect(place.column * COLUMN - view.left, 0, COLUMN, view.height + HEAD);
    const y = HEAD + place.row * ROW - view.top;
    if (place.row >= 0 && y >= HEAD) context.fillRect(0, y, view.width, ROW);
  }, [canvas, place, view]);
}

/** Makes a canvas as large as the view, in pixels of the screen, and clears it. */
function sizeCanvas(canvas: HTMLCanvasElement | null, view: Viewport): CanvasRenderingContext2D | undefined {
  const context = canvas?.getContext("2d");
  if (!canvas || !context || view.width <= 0) return undefined;
  const [width, height] = [view.width, view.height + HEAD];
  if (canvas.style.width !== `${width}px` || canvas.style.height !== `${height}px`) {
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function Sentence({
  place,
  view,
  text,
}: {
  readonly place: Place;
  readonly view: Viewport;
  readonly text: string;
}): ReactNode {
  const x = place.column * COLUMN - view.left + COLUMN / 2;
  const y = place.row < 0 ? HEAD : HEAD + (place.row + 1) * ROW - view.top;
  const isLeft = x > view.width / 2;
  const side = isLeft ? { right: view.width - x } : { left: x };
  return (
    <div className={styles.sentence} style={{ top: y + 4, ...side }}>
      {text}
    </div>
  );
}

function scrollTo(element: HTMLElement | null, { row, column }: Place, view: Viewport): void {
  if (!element) return;
  const [x, y] = [column * COLUMN, Math.max(0, row) * ROW];
  if (x < view.left) element.scrollLeft = x;
  else if (x + COLUMN > view.left + view.width) element.scrollLeft = x + COLUMN - view.width;
  if (y < view.top) element.scrollTop = y;
  else if (y + ROW > view.top + view.height) element.scrollTop = y + ROW - view.height;
}

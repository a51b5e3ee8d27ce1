// Moves and scales a picture by the pointer and the wheel.

import { useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";

/** The part of a picture that is seen, in its own units. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** For the `svg` of a picture, and the element around it. */
export interface PanZoom {
  readonly ref: RefObject<SVGSVGElement | null>;
  readonly viewBox: string;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: () => void;
  };
}

const STEP = 1.0015;

/** Shows a picture of a size; it begins as a whole, but not larger than it is. */
export function usePanZoom({ width, height }: { readonly width: number; readonly height: number }): PanZoom {
  const ref = useRef<SVGSVGElement>(null);
  const [box, setBox] = useState<Box>({
    x: 0,
    y: 0,
    width: Math.max(width, 720),
    height: Math.max(height, 240),
  });
  const dragged = useRef<{ readonly x: number; readonly y: number }>(undefined);
  useEffect(() => {
    const element = ref.current;
    // React's listeners of wheels cannot keep the page from scrolling.
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const scale = STEP ** event.deltaY;
      const {
        left,
        top,
        width: seen,
        height: seenHeight,
      } = (element as SVGSVGElement).getBoundingClientRect();
      const [px, py] = [(event.clientX - left) / seen, (event.clientY - top) / seenHeight];
      setBox(({ x, y, width: w, height: h }) => ({
        x: x + w * px * (1 - scale),
        y: y + h * py * (1 - scale),
        width: w * scale,
        height: h * scale,
      }));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, []);
  return {
    ref,
    viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`,
    handlers: {
      onPointerDown(event) {
        dragged.current = { x: event.clientX, y: event.clientY };
      },
      onPointerMove(event) {
        const from = dragged.current;
        const seen = ref.current?.getBoundingClientRect().width ?? 1;
        if (!from) return;
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        dragged.current = { x: event.clientX, y: event.clientY };
        setBox((old) => {
          const scale = old.width / seen;
          return { ...old, x: old.x - dx * scale, y: old.y - dy * scale };
        });
      },
      onPointerUp() {
        dragged.current = undefined;
      },
    },
  };
}

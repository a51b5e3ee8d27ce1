// The key that opens the sheet of shortcuts, which is loaded then.

import { lazy, Suspense, useCallback, useState, type ReactNode } from "react";
import { useShortcut } from "../shortcuts/use-shortcut.ts";

const LazySheet = lazy(async () => ({ default: (await import("./shortcut-sheet.tsx")).ShortcutSheet }));

/** Nothing, or the sheet. */
export function SheetKey(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  useShortcut(
    "sheet",
    useCallback(() => setOpen(true), []),
  );
  return (
    isOpen && (
      <Suspense>
        <LazySheet onClose={() => setOpen(false)} />
      </Suspense>
    )
  );
}

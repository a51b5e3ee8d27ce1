// The command palette: Ctrl K, and then a name of a page, Dag, task or run, or the first digits of a cache key.

import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Icon } from "../controls/icon.tsx";
import styles from "./palette.module.css";

const LazyDialog = lazy(async () => ({ default: (await import("./palette-dialog.tsx")).PaletteDialog }));

/** The button that opens it, and the palette. */
export function Palette(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <Button look="quiet" onPress={() => setOpen(true)}>
        <Icon name="search" /> Find <kbd className={styles.keys}>Ctrl K</kbd>
      </Button>
      {isOpen && (
        <Suspense>
          <LazyDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

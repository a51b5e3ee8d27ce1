// Attaches functions to shortcuts. Keys do nothing while the user types, and single keys can be turned off.

import { useEffect } from "react";
import { KeyMatcher } from "./key-matcher.ts";
import { SHORTCUTS, type ShortcutName } from "./table.ts";

const OFF_KEY = "memodag-shortcuts";

const handlers = new Map<ShortcutName, (() => void)[]>();
const matcher = new KeyMatcher<ShortcutName>(
  new Map(Object.entries(SHORTCUTS).map(([name, { keys }]) => [keys, name as ShortcutName])),
);

/** True if this browser uses shortcuts. */
export function hasShortcuts(): boolean {
  return localStorage.getItem(OFF_KEY) !== "off";
}

/** Turns shortcuts on or off. */
export function turnShortcuts(isOn: boolean): void {
  if (isOn) localStorage.removeItem(OFF_KEY);
  else localStorage.setItem(OFF_KEY, "off");
}

/** Calls the function when the keys of a shortcut are pressed; of several components, that which was shown last. */
export function useShortcut(name: ShortcutName, handler: () => void): void {
  useEffect(() => {
    const own = handlers.get(name) ?? [];
    handlers.set(name, own);
    own.push(handler);
    return () => void own.splice(own.indexOf(handler), 1);
  }, [name, handler]);
}

/** Listens for keys. @returns a function that ends this */
export function listenForKeys(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || !hasShortcuts()) return;
    const name = matcher.press(event.key, event.timeStamp);
    const handler = name && handlers.get(name)?.at(-1);
    if (!handler) return;
    event.preventDefault();
    handler();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest(
      "input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox]",
    ) !== null
  );
}

// All keys of all pages. The sheet of shortcuts is made of this table.

/** A shortcut. */
export interface Shortcut {
  /** As `KeyboardEvent.key` says; two keys after each other with a space between: "g h". */
  readonly keys: string;
  /** In words of the sheet, such as "Go to Dags". */
  readonly does: string;
  readonly where: "Everywhere" | "Lists" | "Dag" | "Run" | "Task instance";
}

/** By name; pages attach functions to names with `useShortcut`. */
export const SHORTCUTS = {
  "go.home": { keys: "g h", does: "Go to Home", where: "Everywhere" },
  "go.dags": { keys: "g d", does: "Go to Dags", where: "Everywhere" },
  "go.runs": { keys: "g r", does: "Go to Runs", where: "Everywhere" },
  "go.cache": { keys: "g c", does: "Go to Cache", where: "Everywhere" },
  "go.workers": { keys: "g w", does: "Go to Workers", where: "Everywhere" },
  "go.audit": { keys: "g a", does: "Go to Audit", where: "Everywhere" },
  sheet: { keys: "?", does: "Show shortcuts", where: "Everywhere" },
  "list.next": { keys: "j", does: "Next row", where: "Lists" },
  "list.previous": { keys: "k", does: "Previous row", where: "Lists" },
  filter: { keys: "f", does: "Go to the filter", where: "Lists" },
  "dag.trigger": { keys: "t", does: "Trigger a run", where: "Dag" },
  "grid.failed": { keys: "e", does: "Only what failed", where: "Dag" },
  "grid.ran": { keys: "m", does: "Only what ran", where: "Dag" },
  "instance.why": { keys: "w", does: "Why it ran or was remembered", where: "Task instance" },
  "instance.log": { keys: "o", does: "Log", where: "Task instance" },
  "instance.previous": { keys: "[", does: "Previous instance", where: "Task instance" },
  "instance.next": { keys: "]", does: "Next instance", where: "Task instance" },
  close: { keys: "Escape", does: "Close the panel", where: "Run" },
  "view.next": { keys: "v", does: "Next view", where: "Dag" },
} as const satisfies Readonly<Record<string, Shortcut>>;

/** The name of a shortcut. */
export type ShortcutName = keyof typeof SHORTCUTS;

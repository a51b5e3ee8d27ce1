// How a run's tasks are shown: view, scale, which of them, and in which order.

import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { Select } from "../controls/select.tsx";
import { TextField } from "../controls/text-field.tsx";
import type { InstanceChoice, RowOrder } from "../gantt/row-plan.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { getMark, type MarkKind } from "../marks/mark.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import styles from "./run-page.module.css";
import type { ChangeSearch, RunSearch } from "./run-search.ts";

const CHOICES = [
  ["failed", "failed"],
  ["ran", "worked"],
  ["remembered", "remembered"],
  ["waits", "queued"],
] as const satisfies readonly (readonly [InstanceChoice, MarkKind])[];

const ORDERS: readonly { readonly id: RowOrder; readonly text: string }[] = [
  { id: "dag", text: "in the Dag's order" },
  { id: "worked", text: "longest work first" },
  { id: "saved", text: "most saved first" },
  { id: "start", text: "by start" },
];

/** Milliseconds after the last key until what is typed is looked for. */
const TYPED_MS = 200;

/** The toolbar. */
export function RunToolbar({
  search,
  onChange,
}: {
  readonly search: RunSearch;
  readonly onChange: ChangeSearch;
}): ReactNode {
  const { view, scale, only, text = "", order = "dag" } = search;
  const [typed, setTyped] = useState(text);
  const field = useRef<HTMLInputElement>(null);
  useShortcut(
    "filter",
    useCallback(() => field.current?.focus(), []),
  );
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onChange({ text: typed === "" ? undefined : typed }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return (
    <div className={styles.toolbar}>
      <Chips
        label="View"
        value={view ?? "gantt"}
        onChange={(chosen) => onChange({ view: chosen === "gantt" ? undefined : chosen })}
        chips={[
          { id: "gantt", text: "over time" },
          { id: "list", text: "list" },
          { id: "graph", text: "graph" },
        ]}
      />
      {view === undefined && (
        <Chips
          label="Scale"
          value={scale ?? "real"}
          onChange={(chosen) => onChange({ scale: chosen === "as-if" ? "as-if" : undefined })}
          chips={[
            { id: "real", text: "real time" },
            { id: "as-if", text: "as if nothing were remembered" },
          ]}
        />
      )}
      <Chips
        label="Only instances that"
        value={only}
        onChange={(chosen) => onChange({ only: chosen })}
        chips={CHOICES.map(([id, kind]) => ({
          id,
          text: id,
          mark: <MarkIcon mark={getMark(kind)} label="" size={10} />,
        }))}
      />
      <TextField
        label="Part of a task's name"
        isLabelShown={false}
        placeholder="task"
        value={typed}
        onChange={setTyped}
        inputRef={field}
      />
      <Select
        label="Order"
        isLabelShown={false}
        value={order}
        options={ORDERS}
        onChange={(id) => onChange({ order: id === "dag" ? undefined : (id as Exclude<RowOrder, "dag">) })}
      />
    </div>
  );
}

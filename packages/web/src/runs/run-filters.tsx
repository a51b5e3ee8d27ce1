// Filters of lists of runs: chips, and a part of a name.

import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { TextField } from "../controls/text-field.tsx";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { getMark, type MarkKind } from "../marks/mark.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import type { RunsSearch } from "./runs-search.ts";
import styles from "./runs-page.module.css";

type Filters = Pick<RunsSearch, "state" | "type" | "text" | "from" | "to">;

const STATES = [
  ["running", "running"],
  ["queued", "queued"],
  ["failed", "failed"],
  ["success", "worked"],
] as const satisfies readonly (readonly [string, MarkKind])[];

const TYPES = ["manual", "scheduled", "backfill"] as const;

/** Milliseconds after the last key until what is typed is looked for. */
const TYPED_MS = 250;

/** The filters. */
export function RunFilters({
  filters,
  onChange,
}: {
  readonly filters: Filters;
  readonly onChange: (filters: { [K in keyof Filters]: Filters[K] | undefined }) => void;
}): ReactNode {
  const { state, type, text = "", from = "", to = "" } = filters;
  const [typed, setTyped] = useState(text);
  const field = useRef<HTMLInputElement>(null);
  useShortcut(
    "filter",
    useCallback(() => field.current?.focus(), []),
  );
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onChange({ ...filters, text: typed }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, text, filters, onChange]);
  return (
    <div className={styles.filters}>
      <Chips
        label="State"
        value={state}
        onChange={(chosen) => onChange({ ...filters, state: chosen })}
        chips={STATES.map(([id, kind]) => ({
          id,
          text: id,
          mark: <MarkIcon mark={getMark(kind)} label="" size={10} />,
        }))}
      />
      <Chips
        label="Type"
        value={type}
        onChange={(chosen) => onChange({ ...filters, type: chosen })}
        chips={TYPES.map((id) => ({ id, text: id }))}
      />
      <TextField
        label="Part of a Dag's or run's id"
        isLabelShown={false}
        placeholder="Dag or run"
        value={typed}
        onChange={setTyped}
        inputRef={field}
      />
      <TextField
        label="From"
        type="date"
        value={from}
        onChange={(day) => onChange({ ...filters, from: day })}
      />
      <TextField label="To" type="date" value={to} onChange={(day) => onChange({ ...filters, to: day })} />
    </div>
  );
}

// Fields of the filters of entries.

import { useEffect, useRef, useState, type ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { TextField } from "../controls/text-field.tsx";
import styles from "./cache-page.module.css";
import type { EntriesSearch } from "./entry-filters.ts";

/** Milliseconds after the last key until what is typed is looked for. */
const TYPED_MS = 300;

const FIELDS = [
  ["dag", "Dag", "exact id"],
  ["task", "Task", "exact id"],
  ["run", "Made by run", "id, or DAG/RUN"],
  ["key", "Key", "first digits"],
] as const;

const AGES = [
  { id: "1", text: "older than 1 d" },
  { id: "7", text: "7 d" },
  { id: "30", text: "30 d" },
] as const;

/** The fields. @param onChange called with the filters that change; the page changes with them */
export function EntryFilters({
  search,
  onChange,
}: {
  readonly search: EntriesSearch;
  readonly onChange: (changed: EntriesSearch) => void;
}): ReactNode {
  return (
    <div className={styles.filters}>
      {FIELDS.map(([name, label, placeholder]) => (
        <TypedField
          key={name}
          label={label}
          placeholder={placeholder}
          value={search[name] ?? ""}
          onTyped={(text) => onChange({ [name]: text === "" ? undefined : text })}
        />
      ))}
      <Chips
        label="Age"
        chips={AGES}
        value={AGES.find(({ id }) => id === String(search.older))?.id}
        onChange={(days) => onChange({ older: days === undefined ? undefined : Number(days) })}
      />
      <Chips
        label="Validity"
        chips={[{ id: "expired", text: "expired" }]}
        value={search.expired ? "expired" : undefined}
        onChange={(on) => onChange({ expired: on === undefined ? undefined : true })}
      />
    </div>
  );
}

function TypedField({
  label,
  placeholder,
  value,
  onTyped,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onTyped: (text: string) => void;
}): ReactNode {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    // A link led to another filter.
    if (value !== sent.current) {
      sent.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    const text = typed.trim();
    if (text === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = text;
      onTyped(text);
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, onTyped]);
  return <TextField label={label} placeholder={placeholder} value={typed} onChange={setTyped} />;
}

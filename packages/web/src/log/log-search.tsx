// Searches a log upwards from its end: what is in memory first, then what comes before, part by part.

import { useRef, useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { TextField } from "../controls/text-field.tsx";
import type { LogLine } from "./log-window.ts";
import styles from "./log.module.css";

/** The search. @param from the byte of the first line in memory @param onFind called with the byte of a line */
export function LogSearch({
  lines,
  from,
  readEarlier,
  onFind,
}: {
  readonly lines: readonly LogLine[];
  readonly from: number;
  readonly readEarlier: () => Promise<number>;
  readonly onFind: (at: number) => void;
}): ReactNode {
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const last = useRef<number>(undefined);
  const find = (): void => {
    const wanted = text.toLowerCase();
    if (wanted === "") return;
    const before = last.current ?? Infinity;
    const found = lines.findLast((line) => line.at < before && line.text.toLowerCase().includes(wanted));
    if (found) {
      last.current = found.at;
      setNote("");
      onFind(found.at);
    } else if (from > 0) {
      setNote("not in the part that was read: reading what comes before…");
      void readEarlier().then((added) => setNote(added > 0 ? "read more: search again" : ""));
    } else {
      setNote(last.current === undefined ? "not found" : "no more above");
      last.current = undefined;
    }
  };
  return (
    <form
      className={styles.search}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        find();
      }}
    >
      <TextField
        label="Search in the log"
        isLabelShown={false}
        placeholder="search upwards"
        value={text}
        onChange={(typed) => {
          setText(typed);
          last.current = undefined;
        }}
      />
      <Button type="submit" look="quiet">
        Find
      </Button>
      <span className={styles.quiet} role="status">
        {note}
      </span>
    </form>
  );
}

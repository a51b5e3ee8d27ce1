// A log: its end first, more above when it is scrolled to, and what is written while it is. Lines are text, whatever
// is in them.

import { useCallback, useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Empty } from "../controls/empty.tsx";
import { Problem } from "../controls/problem.tsx";
import { formatBytes } from "../format/format.ts";
import { LogLines, LINE_HEIGHT } from "./log-lines.tsx";
import { LogSearch } from "./log-search.tsx";
import { logAddress, type LogName } from "./log-source.ts";
import styles from "./log.module.css";
import { useLog } from "./use-log.ts";
import { visibleRows } from "./visible-rows.ts";

/** Pixels from an end at which more is read. */
const NEAR = 400;

/** Lines that are wrapped: their heights are measured, so that all of them are in the document. */
const MOST_WRAPPED = 2_000;

/** The log. @param isOpen true while it is written */
export function LogView({ name, isOpen }: { readonly name: LogName; readonly isOpen: boolean }): ReactNode {
  const { log, readEarlier, readLater } = useLog(name, isOpen);
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ scrollTop: 0, height: 0 });
  const [isWrapped, setWrapped] = useState(false);
  const [isAtEnd, setAtEnd] = useState(true);
  const [found, setFound] = useState<number>();
  const shift = useRef(0);
  const lines = log.kind === "shown" ? log.window.lines : [];
  const isShown = log.kind === "shown";
  const first = lines[0]?.at;

  const earlier = useCallback(async () => {
    const added = await readEarlier();
    shift.current += added * LINE_HEIGHT;
    return added;
  }, [readEarlier]);
  const look = useCallback(() => {
    const element = frame.current;
    if (!element) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    setSeen({ scrollTop, height: clientHeight });
    const below = scrollHeight - scrollTop - clientHeight;
    setAtEnd(below < LINE_HEIGHT * 2);
    if (scrollTop < NEAR) void earlier();
    if (below < NEAR) void readLater();
  }, [earlier, readLater]);

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    if (shift.current > 0) {
      element.scrollTop += shift.current;
      shift.current = 0;
    }
  }, [first]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element && isAtEnd) element.scrollTop = element.scrollHeight;
  }, [lines.length, isAtEnd, isWrapped]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [look, isShown]);

  if (log.kind === "reading") return <p>Loading…</p>;
  if (log.kind === "none") return <Empty title="There is no log: no process ran, or it was removed" />;
  if (log.kind === "fault") return <Problem error={log.error} />;
  const wrapped = lines.slice(-MOST_WRAPPED);
  const rows = isWrapped
    ? { first: 0, end: wrapped.length, top: 0 }
    : visibleRows(lines.length, LINE_HEIGHT, seen.scrollTop, seen.height);
  return (
    <div className={styles.log}>
      <div className={styles.tools}>
        <LogSearch
          lines={lines}
          from={log.window.from}
          readEarlier={earlier}
          onFind={(at) => {
            setAtEnd(false);
            setFound(at);
            const index = lines.findIndex((line) => line.at === at);
            const top = index * LINE_HEIGHT - seen.height / 2;
            requestAnimationFrame(() => frame.current?.scrollTo({ top }));
          }}
        />
        <label className={styles.check}>
          <input type="checkbox" checked={isWrapped} onChange={() => setWrapped(!isWrapped)} /> wrap
        </label>
        <span className={styles.quiet} role="status">
          {log.isFollowed ? "follows, " : ""}
          {formatBytes(log.size)}
        </span>
        {!isAtEnd && (
          <Button look="quiet" onPress={() => setAtEnd(true)}>
            To the end
          </Button>
        )}
        <a href={logAddress(name)} download={`${name.taskId}-${name.tryNumber}.log`}>
          Download
        </a>
      </div>
      <div
        ref={frame}
        className={styles.frame}
        onScroll={look}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log"
      >
        {log.window.from > 0 && <p className={styles.more}>{formatBytes(log.window.from)} before this</p>}
        <LogLines lines={isWrapped ? wrapped : lines} rows={rows} isWrapped={isWrapped} found={found} />
        {lines.length === 0 && (
          <p className={styles.more}>Nothing was printed{log.isFollowed ? " yet" : ""}.</p>
        )}
      </div>
    </div>
  );
}

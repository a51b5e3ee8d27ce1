// Lines of a log as spans of text with colours of the theme.

import { memo, type ReactNode } from "react";
import { PLAIN, readAnsiLine, type AnsiSpan, type AnsiStyle } from "./ansi-line.ts";
import type { LogLine } from "./log-window.ts";
import styles from "./log.module.css";
import type { VisibleRows } from "./visible-rows.ts";

/** Pixels of a line that is not wrapped. */
export const LINE_HEIGHT = 18;

/** Lines above the first one that is seen whose colours may go on in it. */
const LOOK_BACK = 50;

/** The lines. @param found the byte of the line that was searched for */
export function LogLines({
  lines,
  rows,
  isWrapped,
  found,
}: {
  readonly lines: readonly LogLine[];
  readonly rows: VisibleRows;
  readonly isWrapped: boolean;
  readonly found: number | undefined;
}): ReactNode {
  let style: AnsiStyle = PLAIN;
  for (let at = Math.max(0, rows.first - LOOK_BACK); at < rows.first; at++)
    style = readAnsiLine(lines[at]?.text ?? "", style).end;
  const shown = lines.slice(rows.first, rows.end).map(({ at, text }) => {
    const { spans, end } = readAnsiLine(text, style);
    style = end;
    return { at, spans };
  });
  return (
    <div
      className={isWrapped ? styles.wrapped : styles.lines}
      {...(!isWrapped && { style: { height: lines.length * LINE_HEIGHT } })}
    >
      <pre className={styles.text} {...(!isWrapped && { style: { top: rows.top } })}>
        {shown.map(({ at, spans }) => (
          <span key={at} className={styles.line} data-found={at === found || undefined}>
            {spans.map((span, index) => (
              <Span key={index} span={span} />
            ))}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

const Span = memo(function Span({ span: { text, style } }: { readonly span: AnsiSpan }): ReactNode {
  if (style === PLAIN) return text;
  const { isInverse, color, background } = style;
  const [front, back] = isInverse ? [background ?? "ground", color ?? "text"] : [color, background];
  return (
    <span
      className={styles.styled}
      data-front={front ?? undefined}
      data-back={back ?? undefined}
      data-bold={style.isBold || undefined}
      data-dim={style.isDim || undefined}
      data-italic={style.isItalic || undefined}
      data-underlined={style.isUnderlined || undefined}
    >
      {text}
    </span>
  );
});

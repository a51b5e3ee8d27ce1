// Worked and saved time by day: bars, and the same as a table.

import type { ReactNode } from "react";
import type { OutputOf } from "../data/api.ts";
import { formatDuration } from "../format/format.ts";
import styles from "./home-page.module.css";

type Day = OutputOf<"runs.home">["days"][number];

const DAY_MS = 86_400_000;
const HEIGHT = 60;

/** Bars. @param from ISO 8601, the beginning of the first of `count` days */
export function DayBars({
  from,
  days,
  count,
}: {
  readonly from: string;
  readonly days: readonly Day[];
  readonly count: number;
}): ReactNode {
  const all = daysFrom(from, count).map(
    (day) => days.find((one) => one.day === day) ?? { day, workedMs: 0, savedMs: 0 },
  );
  const most = Math.max(1, ...all.map(({ workedMs, savedMs }) => workedMs + savedMs));
  return (
    <figure className={styles.days}>
      <svg viewBox={`0 0 ${count * 10} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {all.map(({ day, workedMs, savedMs }, index) => {
          const worked = (workedMs / most) * HEIGHT;
          const saved = (savedMs / most) * HEIGHT;
          return (
            <g key={day}>
              <rect
                x={index * 10 + 1}
                y={HEIGHT - worked}
                width="8"
                height={worked}
                fill="var(--state-success)"
              />
              <rect
                x={index * 10 + 1}
                y={HEIGHT - worked - saved}
                width="8"
                height={saved}
                fill="color-mix(in oklab, var(--state-success) 30%, var(--ground))"
              />
            </g>
          );
        })}
      </svg>
      <p className={styles.ends}>
        <span>{all[0]?.day}</span>
        <span>today</span>
      </p>
      <p>By day: worked, and above it in a lighter tone what was saved.</p>
      <details>
        <summary>Show as a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col">Worked</th>
              <th scope="col">Saved</th>
              <th scope="col">Ran</th>
              <th scope="col">Remembered</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ day, workedMs, savedMs, ran, hits }) => (
              <tr key={day}>
                <td>{day}</td>
                <td>{formatDuration(workedMs)}</td>
                <td>{formatDuration(savedMs)}</td>
                <td>{ran}</td>
                <td>{hits}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function daysFrom(from: string, count: number): string[] {
  const first = Date.parse(from);
  return Array.from({ length: count }, (_, index) =>
    new Date(first + index * DAY_MS).toISOString().slice(0, 10),
  );
}

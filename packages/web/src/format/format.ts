// Numbers, durations, sizes and times as people read them, in the language and zone of the browser.

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Milliseconds as two units at most: "380 ms", "1.9 s", "4 m 12 s", "61 h 40 m". */
export function formatDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < SECOND) return `${rounded} ms`;
  if (rounded < 10 * SECOND) return `${(rounded / SECOND).toFixed(1)} s`;
  if (rounded < MINUTE) return `${Math.floor(rounded / SECOND)} s`;
  if (rounded < HOUR) return twoUnits(rounded, MINUTE, "m", SECOND, "s");
  if (rounded < 4 * DAY) return twoUnits(rounded, HOUR, "h", MINUTE, "m");
  return twoUnits(rounded, DAY, "d", HOUR, "h");
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`;
}

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in decimal units: "1.2 KB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

const COUNTS = new Intl.NumberFormat();

/** A number with separators. */
export function formatCount(count: number): string {
  return COUNTS.format(count);
}

/** A share of 0 to 1 in percent: "81 %", and "<1 %" for what is little but something. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 1) return "<1 %";
  if (percent > 99 && percent < 100) return ">99 %";
  return `${Math.round(percent)} %`;
}

const TIMES = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const DATES = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const SHORT = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** An ISO time with its date, in the zone of the browser. */
export function formatTime(iso: string): string {
  return TIMES.format(new Date(iso));
}

/** The same to the minute, without the year. */
export function formatShortTime(iso: string): string {
  return SHORT.format(new Date(iso));
}

/** The date of an ISO time, in the zone of the browser. */
export function formatDate(iso: string): string {
  return DATES.format(new Date(iso));
}

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" });
const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", DAY],
  ["hour", HOUR],
  ["minute", MINUTE],
  ["second", SECOND],
];

/** How long ago an ISO time was, or in how long it comes: "3 min. ago". @param now milliseconds since the Unix epoch */
export function formatAgo(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(ms) >= length) ?? ["second", SECOND];
  return RELATIVE.format(Math.trunc(ms / size), unit);
}

/** A name of a run without its prefix and date's punctuation: long ids are shown in parts. */
export function shortRunId(runId: string): string {
  return runId.length <= 28 ? runId : `${runId.slice(0, 18)}…${runId.slice(-6)}`;
}

// Durations and sizes with units, as written in config files and task options.

import { MemodagError } from "./errors.ts";

const MS_PER_UNIT = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

const BYTES_PER_UNIT = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const;

/** The longest valid duration, a hundred years. Adding it to a time gives a valid time. */
export const LONGEST_DURATION = "36500d";

/** {@link LONGEST_DURATION} in milliseconds. */
export const LONGEST_DURATION_MS: number = 36_500 * MS_PER_UNIT.d;

/** The largest valid size, a pebibyte. */
export const LARGEST_SIZE = "1048576GiB";

const LARGEST_SIZE_BYTES = 2 ** 50;

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/;
const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)$/;

/**
 * Parses a duration such as `500ms`, `1.5h` or `7d` to whole milliseconds.
 * @throws MemodagError `duration_invalid` if it is malformed or longer than {@link LONGEST_DURATION}.
 */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text.trim());
  if (!match) {
    throw new MemodagError(
      "duration_invalid",
      `${quoted(text)} is not a duration: use a number and a unit (ms, s, m, h, d or w), such as "7d"`,
      { fields: { text } },
    );
  }
  const ms = Math.round(Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT]);
  if (ms <= LONGEST_DURATION_MS) return ms;
  throw new MemodagError(
    "duration_invalid",
    `${quoted(text)} is too long: use at most ${LONGEST_DURATION}, a hundred years`,
    { fields: { text } },
  );
}

/**
 * Parses a size such as `16MiB` to whole bytes.
 * @throws MemodagError `size_invalid` if it is malformed or larger than {@link LARGEST_SIZE}.
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (!match) {
    throw new MemodagError(
      "size_invalid",
      `${quoted(text)} is not a size: use a number and a unit (B, KB, MB, GB, KiB, MiB or GiB), such as "16MiB"`,
      { fields: { text } },
    );
  }
  const bytes = Math.round(Number(match[1]) * BYTES_PER_UNIT[match[2] as keyof typeof BYTES_PER_UNIT]);
  if (bytes <= LARGEST_SIZE_BYTES) return bytes;
  throw new MemodagError("size_invalid", `${quoted(text)} is too large: use at most ${LARGEST_SIZE}`, {
    fields: { text },
  });
}

const LONGEST_QUOTED = 60;

/** Quotes a string for a message, shortened if it is long. */
function quoted(text: string): string {
  return text.length > LONGEST_QUOTED ? `"${text.slice(0, LONGEST_QUOTED)}…"` : `"${text}"`;
}

/**
 * Formats milliseconds as `7d`, `1.5h` or `340ms`, in the largest unit of which there is at least one.
 */
export function formatDuration(ms: number): string {
  const units = Object.entries(MS_PER_UNIT).toReversed();
  const [unit, size] = units.find(([, unitMs]) => Math.abs(ms) >= unitMs) ?? ["ms", 1];
  return `${Number((ms / size).toFixed(size === 1 ? 0 : 1))}${unit}`;
}

/** Formats bytes as `16MiB`, `1.2KiB` or `13B`. */
export function formatSize(bytes: number): string {
  const units = (["GiB", "MiB", "KiB"] as const).map((unit) => [unit, BYTES_PER_UNIT[unit]] as const);
  const [unit, size] = units.find(([, unitBytes]) => bytes >= unitBytes) ?? ["B", 1];
  return `${Number((bytes / size).toFixed(1))}${unit}`;
}

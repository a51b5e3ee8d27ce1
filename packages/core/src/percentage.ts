// Shares as percentages, such as `1%`, as written in config files and options.

import { MemodagError } from "./errors.ts";

const PERCENTAGE = /^(\d{1,3}(?:\.\d+)?)\s*%$/;

/**
 * Parses a percentage such as `1%` or `0.5%` to a share from 0 to 1.
 * @throws MemodagError `usage`
 */
export function parsePercentage(text: string): number {
  const share = Number(PERCENTAGE.exec(text.trim())?.[1] ?? NaN) / 100;
  if (share >= 0 && share <= 1) return share;
  throw new MemodagError(
    "usage",
    `${JSON.stringify(text)} is not a share: use a percentage from 0% to 100%, such as "1%"`,
  );
}

/** The percentage of a share, such as `7%`. */
export function formatPercentage(share: number): string {
  return `${Number((share * 100).toPrecision(12))}%`;
}

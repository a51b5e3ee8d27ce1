// Shares are written as percentages, and read back as they were written.

import { formatPercentage, parsePercentage } from "@memodag/core";
import { expect, it } from "vitest";

it.each(["0%", "0.5%", "1%", "7%", "14%", "29%", "33.3%", "57%", "100%"])("%s", (text) => {
  expect(formatPercentage(parsePercentage(text))).toBe(text);
});

it.each(["", "7", "-1%", "100.1%", "1e1%", "%"])("%j is refused", (text) => {
  expect(() => parsePercentage(text)).toThrow("use a percentage from 0% to 100%");
});

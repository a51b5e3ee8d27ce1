// Converts between time and the wall clock of a time zone. Wall times are represented as if they were
// UTC.

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The wall clock of a time zone. All times are milliseconds since the Unix epoch. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError if the time zone does not exist */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Returns the wall time at a time. */
  wallAt(time: number): number {
    return time + this.#offsetAt(time);
  }

  /** Returns by how much the clock was set back during the day before a time; 0 if it was not. */
  putBackBefore(time: number): number {
    return Math.max(0, this.#offsetAt(time - DAY_MS) - this.#offsetAt(time));
  }

  /**
   * Returns the time at which the clock shows a wall time: the first one if it occurs twice, and the
   * moment of the clock change if it is skipped.
   */
  timeOf(wall: number): number {
    const before = this.#offsetAt(wall - DAY_MS);
    const after = this.#offsetAt(wall + DAY_MS);
    const times = [wall - Math.max(before, after), wall - Math.min(before, after)];
    const shown = times.find((time) => this.wallAt(time) === wall);
    return shown ?? this.#changeBetween(wall - after, wall - before);
  }

  /** Returns the first time after `from` at which the offset differs from that at `from`. */
  #changeBetween(from: number, until: number): number {
    const offset = this.#offsetAt(from);
    let [low, high] = [from, until];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Returns the offset from UTC. */
  #offsetAt(time: number): number {
    const second = Math.floor(time / 1_000) * 1_000;
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.#format.formatToParts(second)) parts[type] = value;
    const numberOf = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type]);
    const year = parts.era === "BC" ? 1 - numberOf("year") : numberOf("year");
    const wall = new Date(0);
    // Date.UTC would map a year below 100 to the 20th century.
    wall.setUTCFullYear(year, numberOf("month") - 1, numberOf("day"));
    return wall.setUTCHours(numberOf("hour"), numberOf("minute"), numberOf("second")) - second;
  }
}

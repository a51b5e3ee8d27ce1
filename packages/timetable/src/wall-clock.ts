// What the clocks of a time zone show, and when they show it. Wall times are written as if they were UTC.

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The clocks of one time zone. All times are milliseconds since the Unix epoch. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name that is no time zone's */
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

  /** What the clocks show at a time. */
  wallAt(time: number): number {
    return time + this.#offsetAt(time);
  }

  /** By how much the clocks were put back in the day before a time; 0: not at all. */
  putBackBefore(time: number): number {
    return Math.max(0, this.#offsetAt(time - DAY_MS) - this.#offsetAt(time));
  }

  /**
   * When the clocks show a wall time: the first time, where they show it twice; where they pass over it, the
   * moment at which they are put forward.
   */
  timeOf(wall: number): number {
    const before = this.#offsetAt(wall - DAY_MS);
    const after = this.#offsetAt(wall + DAY_MS);
    const times = [wall - Math.max(before, after), wall - Math.min(before, after)];
    const shown = times.find((time) => this.wallAt(time) === wall);
    return shown ?? this.#changeBetween(wall - after, wall - before);
  }

  /** The first time after `from` at which the offset is not what it is at `from`. */
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

  /** How far the clocks are ahead of UTC. */
  #offsetAt(time: number): number {
    const second = Math.floor(time / 1_000) * 1_000;
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.#format.formatToParts(second)) parts[type] = value;
    const numberOf = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type]);
    const year = parts.era === "BC" ? 1 - numberOf("year") : numberOf("year");
    const wall = new Date(0);
    // Date.UTC would take a year under 100 for one of the last century.
    wall.setUTCFullYear(year, numberOf("month") - 1, numberOf("day"));
    return wall.setUTCHours(numberOf("hour"), numberOf("minute"), numberOf("second")) - second;
  }
}

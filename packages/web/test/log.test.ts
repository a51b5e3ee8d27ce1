import { describe, expect, it } from "vitest";
import { PLAIN, readAnsiLine } from "../src/log/ansi-line.ts";
import { append, openWindow, prepend, trim } from "../src/log/log-window.ts";
import { visibleRows } from "../src/log/visible-rows.ts";

/** Numbers that look random, the same in each run. @returns a function that returns one below its argument */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ESC = "\u001b";
const textOf = (line: string): string =>
  readAnsiLine(line)
    .spans.map(({ text }) => text)
    .join("");
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a line of a log", () => {
  it("has colours and weights, which go on in the next line", () => {
    const { spans, end } = readAnsiLine(`a ${ESC}[1;31mred${ESC}[39m bold${ESC}[92m!`);
    expect(spans).toEqual([
      { text: "a ", style: PLAIN },
      { text: "red", style: { ...PLAIN, isBold: true, color: 1 } },
      { text: " bold", style: { ...PLAIN, isBold: true } },
      { text: "!", style: { ...PLAIN, isBold: true, color: 10 } },
    ]);
    expect(readAnsiLine("next", end).spans).toEqual([{ text: "next", style: end }]);
  });

  it("takes the nearest of sixteen colours for others", () => {
    const colorOf = (codes: string) => readAnsiLine(`${ESC}[${codes}mx`).spans[0]?.style.color;
    expect(colorOf("38;2;250;10;10")).toBe(9);
    expect(colorOf("38;5;22")).toBe(2);
    expect(colorOf("38;5;244")).toBe(8);
    expect(colorOf("38;2;0;0;255;1")).toBe(12);
  });

  it("is what a progress bar left of it", () => {
    expect(textOf(" 10 %\r 50 %\r100 % done")).toBe("100 % done");
    expect(textOf("long text\rshort")).toBe("shorttext");
    expect(textOf(`long text\r${ESC}[Kshort`)).toBe("short");
    expect(textOf("ab\bc")).toBe("ac");
  });

  it("shows what is not an escape as text, and nothing of other escapes", () => {
    expect(textOf("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>");
    expect(textOf(`${ESC}]8;;https://evil.example\u0007link${ESC}]8;;\u0007${ESC}[2J${ESC}(Bx`)).toBe(
      "linkx",
    );
    expect(textOf(`${ESC}]0;title${ESC}\\after`)).toBe("after");
    const random = numbers(7);
    for (let at = 0; at < 300; at++) {
      // Mostly control characters.
      const line = Array.from({ length: random(200) }, () =>
        String.fromCodePoint(random(random(4) === 0 ? 0x2ff : 0xa0)),
      );
      const left = [...textOf(line.join("").replaceAll("\n", ""))].map(
        (character) => character.codePointAt(0) ?? 0,
      );
      expect(left.filter((code) => (code < 32 && code !== 9) || (code >= 127 && code < 160))).toEqual([]);
    }
  });

  it("is cut where it is very long", () => {
    expect(textOf("x".repeat(10_000_000)).length).toBeLessThan(10_000);
  });
});

describe("a window on a log", () => {
  it("is the same however it was read, whatever the cuts", () => {
    const random = numbers(3);
    for (let at = 0; at < 300; at++) {
      const lines = Array.from({ length: 1 + random(30) }, () => "x".repeat(random(12)));
      const bytes = bytesOf(lines.map((text) => `${text}\n`).join(""));
      const places = Array.from({ length: random(5) }, () => random(bytes.length)).toSorted((a, b) => b - a);
      let window = openWindow(bytes.subarray(places[0] ?? 0), places[0] ?? 0);
      while (window.from > 0) {
        const next = places.find((place) => place < window.from) ?? 0;
        window = prepend(window, bytes.subarray(next, window.from));
      }
      const whole = openWindow(bytes, 0);
      expect(window.lines.map(({ text }) => text).join("")).toBe(
        whole.lines.map(({ text }) => text).join(""),
      );
      expect([window.from, window.to]).toEqual([0, bytes.length]);
    }
  });

  it("has the bytes at which lines begin, and leaves out a part of a line at its beginning", () => {
    const bytes = bytesOf("é one\ntwo\r\nthree");
    expect(openWindow(bytes, 0).lines).toEqual([
      { at: 0, text: "é one" },
      { at: 7, text: "two" },
      { at: 12, text: "three" },
    ]);
    const rest = openWindow(bytes.subarray(3), 3);
    expect([rest.from, rest.lines[0]?.text, rest.isOpen]).toEqual([7, "two", true]);
  });

  it("grows by what is written, also within a line", () => {
    let window = openWindow(bytesOf("a\nb"), 0);
    window = append(window, "c\nd", 6);
    expect(window.lines).toEqual([
      { at: 0, text: "a" },
      { at: 2, text: "bc" },
      { at: 5, text: "d" },
    ]);
    window = append(window, "\ne\n", 9);
    expect(window.lines.map(({ text }) => text)).toEqual(["a", "bc", "d", "e"]);
    expect([window.to, window.isOpen]).toEqual([9, false]);
    expect(append(openWindow(bytesOf(""), 0), "x\n", 2).lines).toEqual([{ at: 0, text: "x" }]);
  });

  it("keeps a bounded number of bytes", () => {
    const window = openWindow(bytesOf("12345\n".repeat(100)), 0);
    const top = trim(window, "top", 60);
    expect([top.from, top.to, top.lines.length]).toEqual([540, 600, 10]);
    const bottom = trim(window, "bottom", 60);
    expect([bottom.from, bottom.to, bottom.lines.length]).toEqual([0, 66, 11]);
  });
});

it("the rows that are drawn are those that are seen, and a few more", () => {
  expect(visibleRows(10_000, 20, 2_000, 400)).toEqual({ first: 92, end: 128, top: 1_840 });
  expect(visibleRows(5, 20, 0, 400)).toEqual({ first: 0, end: 5, top: 0 });
  expect(visibleRows(0, 20, 100, 400)).toEqual({ first: 0, end: 0, top: 0 });
});

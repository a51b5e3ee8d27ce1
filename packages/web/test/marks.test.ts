// Marks: every state has one, and all can be told apart without colours.

import { INSTANCE_CELLS } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { drawMark } from "../src/marks/draw-mark.ts";
import { getMark, MARKS, markOf, runMarkOf } from "../src/marks/mark.ts";
import { sentenceOf } from "../src/marks/sentence.ts";

describe("marks", () => {
  it("are there for every letter of the alphabet", () => {
    for (const cell of INSTANCE_CELLS) expect(MARKS.get(markOf(cell).kind)).toBe(markOf(cell));
  });

  it("differ in their shapes, whatever their colours", () => {
    const shapes = [...MARKS.values()].map(({ parts }) => JSON.stringify(parts));
    expect(new Set(shapes).size).toBe(shapes.length);
    const words = [...MARKS.values()].map(({ words: text }) => text);
    expect(new Set(words).size).toBe(words.length);
  });

  it("are hollow for what is remembered", () => {
    expect(markOf({ state: "success", cacheStatus: "hit" }).kind).toBe("remembered");
    expect(markOf({ state: "success", cacheStatus: "populated" }).kind).toBe("worked");
    expect(markOf({ state: "success", cacheStatus: "put_failure" }).kind).toBe("unkept");
    expect(runMarkOf({ state: "success", hits: 3, ran: 0 }).kind).toBe("remembered");
    expect(runMarkOf({ state: "success", hits: 3, ran: 1 }).kind).toBe("partly");
    expect(runMarkOf({ state: "success", hits: 0, ran: 4 }).kind).toBe("worked");
    expect(runMarkOf({ state: "failed", hits: 3, ran: 1 }).kind).toBe("failed");
    expect(runMarkOf({ state: "running", hits: 3, ran: 0 }).kind).toBe("running");
  });

  it("are drawn on canvases from the parts that the DOM has", () => {
    const drawn: string[] = [];
    const context = {
      fillStyle: "",
      strokeStyle: "",
      fillRect(...numbers: number[]) {
        drawn.push(`${this.fillStyle} ${numbers.join(" ")}`);
      },
      beginPath: () => undefined,
      lineTo: (x: number, y: number) => drawn.push(`to ${x} ${y}`),
      stroke: () => undefined,
    };
    drawMark(
      context as unknown as CanvasRenderingContext2D,
      getMark("remembered"),
      { of: (tone, ink) => `${tone}-${ink}` },
      { x: 10, y: 20, size: 24 },
    );
    expect(drawn).toEqual(["success-tone 10 20 24 24", "success-wash 14 24 16 16"]);
  });

  it("have a sentence", () => {
    const told = { taskId: "train", mapIndex: 3, state: "success", cacheStatus: "hit" } as const;
    expect(sentenceOf({ ...told, producerRunId: "R", savedMs: 252_000 })).toBe(
      "train[3]: success, from the cache, result of run R, saved 4 m 12 s",
    );
    expect(sentenceOf({ ...told, mapIndex: -1, cacheStatus: "populated", durationMs: 1900 })).toBe(
      "train: success, worked 1.9 s",
    );
  });
});

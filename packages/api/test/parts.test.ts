import { ManualClock } from "@memodag/core/testing";
import { describe, expect, it } from "vitest";
import { CODE_VALID_MS, SignInCodes } from "../src/auth/sign-in-codes.ts";
import { readRange } from "../src/byte-range.ts";
import { findImageType } from "../src/image-type.ts";
import { statusOf } from "../src/problem.ts";
import { SealedCursors } from "../src/sealed-cursors.ts";

const SECRET = new Uint8Array(32).fill(7);

describe("a sealed cursor", () => {
  const cursors = new SealedCursors(SECRET);

  it("opens for what it was made for, and says nothing", () => {
    const sealed = cursors.seal("row 1234567", "runs ml");
    expect(cursors.open(sealed, "runs ml")).toBe("row 1234567");
    expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("1234567");
  });

  it.each([
    ["another list", (sealed: string) => [sealed, "runs ants"] as const],
    ["a changed one", (sealed: string) => [`${sealed.slice(0, -2)}AA`, "runs ml"] as const],
    ["a short one", () => ["AAAA", "runs ml"] as const],
    ["none", () => ["", "runs ml"] as const],
  ])("is refused for %s", (_, make) => {
    const [text, scope] = make(cursors.seal("row 1", "runs ml"));
    expect(() => cursors.open(text, scope)).toThrow(/is not a cursor of this list/);
  });

  it("is refused by a deployment with another secret", () => {
    const other = new SealedCursors(new Uint8Array(32).fill(8));
    expect(() => other.open(cursors.seal("row 1", "a"), "a")).toThrow(/not a cursor/);
  });
});

describe("a sign-in code", () => {
  it("signs in its person until it expires, at servers with the same secret", () => {
    const clock = new ManualClock();
    const codes = new SignInCodes(SECRET, clock);
    const code = codes.make("ada");
    expect(codes.read(code)).toMatchObject({ name: "ada" });
    expect(new SignInCodes(SECRET, clock).read(code)).toEqual(codes.read(code));
    expect(new SignInCodes(new Uint8Array(32), clock).read(code)).toBeUndefined();
    clock.advance(CODE_VALID_MS);
    expect(codes.read(code)).toBeUndefined();
  });

  it("says for whom it is, and cannot be changed", () => {
    const codes = new SignInCodes(SECRET, new ManualClock());
    const [text = "", signature = ""] = codes.make("ada").split(".");
    const said = JSON.parse(Buffer.from(text, "base64url").toString()) as { name: string };
    const forged = Buffer.from(JSON.stringify({ ...said, name: "eve" })).toString("base64url");
    for (const code of [`${forged}.${signature}`, text, "", "."]) expect(codes.read(code)).toBeUndefined();
  });
});

it.each([
  [undefined, "none"],
  ["bytes=0-3", { from: 0, to: 4 }],
  ["bytes=4-", { from: 4, to: 10 }],
  ["bytes=-3", { from: 7, to: 10 }],
  ["bytes=-99", { from: 0, to: 10 }],
  ["bytes=2-99", { from: 2, to: 10 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-2", "none"],
  ["bytes=0-1,4-5", "none"],
  ["lines=1-2", "none"],
])("the range %s of ten bytes", (header, range) => {
  expect(readRange(header, 10)).toEqual(range);
});

it.each([
  ["dag_run_not_found", "user", 404],
  ["run_ended", "user", 409],
  ["conf_invalid", "user", 422],
  ["database_unreachable", "infrastructure", 503],
] as const)("%s of the %s is %i", (code, fault, status) => {
  expect(statusOf({ code, fault })).toBe(status);
});

describe("the type of an image", () => {
  it.each([
    ["\x89PNG\r\n\x1a\n\0\0\0\r", "image/png"],
    ["\xff\xd8\xff\xe0", "image/jpeg"],
    ["GIF89a", "image/gif"],
    ["RIFF\x01\x02\x03\nWEBPVP8 ", "image/webp"],
    ["<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", undefined],
    [" GIF89a", undefined],
    ["RIFF", undefined],
    ["", undefined],
  ])("of %j is %s", (bytes, type) => {
    expect(findImageType(Buffer.from(bytes, "latin1"))).toBe(type);
  });
});

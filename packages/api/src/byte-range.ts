// The header `range` (RFC 9110, section 14.2), for one range of bytes.

const RANGE = /^bytes=(?<from>\d*)-(?<to>\d*)$/;

/** Bytes `from` to `to`, which is not included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Returns the range of a header; `none`: the whole, also for what is no single range of bytes. */
export function readRange(header: string | undefined, size: number): ByteRange | "none" | "unsatisfiable" {
  const { from = "", to = "" } = RANGE.exec(header ?? "")?.groups ?? {};
  if (from === "" && to === "") return "none";
  if (from === "") {
    const last = Math.min(Number(to), size);
    return last === 0 ? "unsatisfiable" : { from: size - last, to: size };
  }
  const start = Number(from);
  const end = to === "" ? size : Math.min(Number(to) + 1, size);
  if (to !== "" && Number(to) < start) return "none";
  return start >= size ? "unsatisfiable" : { from: start, to: end };
}

// Gives space in the database back to the file system once much was removed.

import { inPacedBatches, LONG_RESTS, SHORT_RESTS } from "@memodag/result-cache";
import type { Stores } from "../context.ts";

/** The share of the file that a scheduler leaves free: it would grow by as much soon. */
const SHARE_KEPT = 0.1;

/** Gives back in short steps. Resolves to the number of bytes. The signal ends it early. */
export async function giveBackSpace(
  { freeSpace }: Pick<Stores, "freeSpace">,
  who: "scheduler" | "command",
  signal?: AbortSignal,
): Promise<number> {
  const [kept, rests] = who === "scheduler" ? [SHARE_KEPT, LONG_RESTS] : [0, SHORT_RESTS];
  let bytes = 0;
  await inPacedBatches(
    async (limit) => {
      const given = await freeSpace.giveBack(limit, kept);
      bytes += given;
      return given > 0;
    },
    signal,
    rests,
  );
  return bytes;
}

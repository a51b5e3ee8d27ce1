// A landscape of 64 MiB as files between tasks in TypeScript and Python: cut into tiles, drawn, measured, bound.

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, getContext, param, type EntryRef } from "memodag";
import { atlasPage } from "./lib/atlas-page.ts";
import { heightRows } from "./lib/heights.ts";
import { measureTiles, type TileHeights } from "./lib/tile-heights.ts";

/**
 * Params: the `size` of the landscape in points, its `seed`, and the `folder` to write the atlas to, relative to this
 * one; empty: nowhere.
 */
export const dag = new Dag("terrain", {
  description:
    "Makes an atlas of a landscape, with files of 64 MiB and folders between TypeScript and Python",
  params: {
    size: param({
      default: 4_096,
      schema: { type: "integer", minimum: 1_024, maximum: 16_384, multipleOf: 1_024 },
    }),
    seed: param({ default: 1, schema: { type: "integer" } }),
    folder: param({ default: "", schema: { type: "string" } }),
  },
  tags: ["example", "python", "files"],
});

// Files are entries of the job cache. A task returns a reference, and a hit restores the entry without moving a byte.
const survey = dag.task(
  "survey",
  async () => {
    const { jobCache, params } = getContext();
    const { size, seed } = params as { size: number; seed: number };
    return await jobCache.save("heights", heightRows(size, seed));
  },
  { cache: { includeInputs: ["params.size", "params.seed"] } },
);

// A program gets entries as files, and what it leaves is saved: here a folder, as one entry.
const cut = dag.command<{ tiles: number; points: number }>("cut", {
  command: ["python3", "scripts/cut_tiles.py"],
  sources: ["scripts/cut_tiles.py"],
  entries: { in: { "heights.f32": { argument: "heights" } }, out: { tiles: "tiles" } },
  cache: { version: "python 3" },
});

const draw = dag.command("draw", {
  command: ["python3", "scripts/draw_tiles.py"],
  sources: ["scripts/draw_tiles.py"],
  entries: { in: { tiles: { argument: "tiles" } }, out: { images: "images" } },
  cache: { version: "python 3" },
});

const measure = dag.task(
  "measure",
  async ({ tiles }: { tiles: EntryRef }) =>
    await inFolder(async (folder) => {
      const path = join(folder, "tiles");
      await getContext().jobCache.download(tiles, path);
      return await measureTiles(path);
    }),
  { cache: true },
);

const bind = dag.task(
  "bind",
  async ({ images, tiles }: { images: EntryRef; tiles: readonly TileHeights[] }) =>
    await inFolder(async (folder) => {
      const { jobCache } = getContext();
      await jobCache.download(images, join(folder, "images"));
      await writeFile(join(folder, "index.html"), atlasPage(tiles));
      return await jobCache.save("atlas", { folder });
    }),
  { cache: true },
);

const isWanted = dag.task("is_wanted", () => getContext().params["folder"] !== "", {
  cache: { includeInputs: ["params.folder"] },
});

// Not cached: a hit would write nothing, and a folder that was deleted would stay away.
const publish = dag.task("publish", async ({ atlas }: { atlas: EntryRef }) => {
  const { jobCache, params } = getContext();
  const folder = params["folder"] as string;
  if (existsSync(folder)) return "there already";
  await jobCache.download(atlas, folder);
  return "written";
});

const tiles = cut({ heights: survey() }).field("entries").field("tiles");
const images = draw({ tiles }).field("entries").field("images");
dag.if(isWanted()).then(publish({ atlas: bind({ images, tiles: measure({ tiles }) }) }));

/** Gives work a folder of its own, which is gone afterwards. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "memodag-terrain-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

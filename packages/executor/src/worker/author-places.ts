// Maps positions in stacks to the author's own files. The artifact does not exist at the path of its URL.
//
// Node could do this, but it would cost every worker six milliseconds, and few workers fail.

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import { artifactUrlOf } from "@memodag/artifact";

/** An artifact that this process loads. */
interface ArtifactFile {
  readonly artifactPath: string;
  /** Folder of the Dag file. */
  readonly baseDir: string;
}

let artifact: ArtifactFile | undefined;

/** Registers the artifact for {@link withAuthorPlaces}. */
export function rememberArtifact(file: ArtifactFile): void {
  artifact = file;
}

/** Returns a stack with positions in the artifact mapped to the sources, as far as they are known. */
export function withAuthorPlaces(stack: string): string {
  if (!artifact) return stack;
  const url = artifactUrlOf({ path: artifact.artifactPath, baseDir: artifact.baseDir });
  if (!stack.includes(url)) return stack;
  try {
    const map = readSourceMap(artifact.artifactPath);
    return stack
      .split(url)
      .map((text, index) => (index === 0 ? text : withOrigin(text, map, url)))
      .join("");
  } catch {
    // The file is missing or has no map: a position in the artifact is better than nothing.
    return stack;
  }
}

/** Maps a position that follows the artifact's URL, `:5:9) …`, to its origin. */
function withOrigin(text: string, map: SourceMap, url: string): string {
  const [place, line, column] = /^:(\d+):(\d+)/.exec(text) ?? [];
  if (place === undefined) return url + text;
  const origin = map.findOrigin(Number(line), Number(column));
  if (!("fileName" in origin)) return url + text;
  const path = fileURLToPath(new URL(origin.fileName, url));
  return `${path}:${origin.lineNumber}:${origin.columnNumber}${text.slice(place.length)}`;
}

const MAP_PREFIX = "//# sourceMappingURL=data:application/json;base64,";

function readSourceMap(artifactPath: string): SourceMap {
  const code = readFileSync(artifactPath, "utf8");
  const encoded = code.slice(code.lastIndexOf(MAP_PREFIX) + MAP_PREFIX.length);
  return new SourceMap(JSON.parse(Buffer.from(encoded, "base64").toString()) as SourceMapPayload);
}

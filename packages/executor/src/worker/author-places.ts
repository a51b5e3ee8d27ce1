// Names the author's own files and lines in stacks. The artifact is no file at the place it says it is.
//
// Node can do so by itself, but every worker would pay for it, six milliseconds, and few of them fail.

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

/** Remembers the artifact whose places {@link withAuthorPlaces} finds. */
export function rememberArtifact(file: ArtifactFile): void {
  artifact = file;
}

/** The text of a stack with places in the artifact as places in the sources; as it is where none are known. */
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
    // The file is gone or has no map: where it was in the artifact is better than nothing.
    return stack;
  }
}

/** Writes text that follows the artifact's url, `:5:9) …`, with the place that it comes from. */
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

// Tells the type of an image from its first bytes: only of those that a browser decodes and cannot run.

const BEGINNINGS: readonly (readonly [type: string, pattern: RegExp])[] = [
  ["image/png", /^\x89PNG\r\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[\s\S]{4}WEBP/],
];

/** Bytes that are looked at. */
const IMAGE_HEAD_BYTES = 12;

/** Returns the type, such as `image/png`; undefined: it is none of those, such as SVG, which may have scripts. */
export function findImageType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, IMAGE_HEAD_BYTES)).toString("latin1");
  return BEGINNINGS.find(([, pattern]) => pattern.test(head))?.[0];
}

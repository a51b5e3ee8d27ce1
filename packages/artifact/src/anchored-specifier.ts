// A specifier that says from which folder it resolves: for code bundled from a package that has its own
// node_modules, where the same name means another package than beside the Dag file.

const SCHEME = "memodag-from:";

/** A specifier and the folder, relative to the Dag file's with forward slashes, that it resolves from. */
export interface AnchoredSpecifier {
  readonly folder: string;
  readonly specifier: string;
}

/** Writes an anchored specifier as one that an artifact may import. */
export function formatAnchoredSpecifier({ folder, specifier }: AnchoredSpecifier): string {
  return `${SCHEME}${encodeURIComponent(folder)}/${specifier}`;
}

/** Reads what {@link formatAnchoredSpecifier} wrote; `null` for any other specifier. */
export function parseAnchoredSpecifier(text: string): AnchoredSpecifier | null {
  if (!text.startsWith(SCHEME)) return null;
  const slash = text.indexOf("/");
  return {
    folder: decodeURIComponent(text.slice(SCHEME.length, slash)),
    specifier: text.slice(slash + 1),
  };
}

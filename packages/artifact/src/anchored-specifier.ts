// Specifiers that carry the folder they resolve from. They are used for code bundled from a package with
// its own node_modules, where a name may resolve to another package than beside the Dag file.

const SCHEME = "memodag-from:";

/**
 * A specifier and the folder that it resolves from, relative to the Dag file's folder, with forward
 * slashes.
 */
export interface AnchoredSpecifier {
  readonly folder: string;
  readonly specifier: string;
}

/** Formats an anchored specifier so that an artifact can import it. */
export function formatAnchoredSpecifier({ folder, specifier }: AnchoredSpecifier): string {
  return `${SCHEME}${encodeURIComponent(folder)}/${specifier}`;
}

/** Parses the result of {@link formatAnchoredSpecifier}. Returns `null` for any other specifier. */
export function parseAnchoredSpecifier(text: string): AnchoredSpecifier | null {
  if (!text.startsWith(SCHEME)) return null;
  const slash = text.indexOf("/");
  return {
    folder: decodeURIComponent(text.slice(SCHEME.length, slash)),
    specifier: text.slice(slash + 1),
  };
}

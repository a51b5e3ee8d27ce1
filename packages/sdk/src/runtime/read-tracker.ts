// Notices what a handler reads of its run and did not declare.

import { isAtOrUnder, canonicalContextPath } from "../context/context-path.ts";

/** Collects reads that no declared path covers. */
export class ReadTracker {
  private readonly undeclared = new Set<string>();
  private readonly declared: readonly string[];
  private readonly isPresent: (path: string) => boolean;

  /** `isPresent` tells whether a declared path leads to a value that is not `null`. */
  constructor(declared: readonly string[], isPresent: (path: string) => boolean) {
    this.declared = declared.map(canonicalContextPath);
    this.isPresent = isPresent;
  }

  /** Notes a read of everything at `path`. */
  read(path: string): void {
    const name = canonicalContextPath(path);
    if (!this.declared.some((known) => isAtOrUnder(name, known))) this.undeclared.add(name);
  }

  /** Notes a read of a path and of it alone, by a handler to whom its being an object says nothing new. */
  isImplied(path: string): boolean {
    // With a value under it in the key, that there is an object at the path is in the key.
    return this.declared.some((known) => isAtOrUnder(known, path) && this.isPresent(known));
  }

  /** The undeclared paths, sorted; those under another are not repeated. */
  list(): string[] {
    const all = [...this.undeclared];
    return all.filter((path) => !all.some((other) => other !== path && isAtOrUnder(path, other))).sort();
  }
}

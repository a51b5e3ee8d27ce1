// Tracks which properties of its run a handler reads without declaring them.

import { isAtOrUnder, canonicalContextPath } from "../context/context-path.ts";

/** Collects the reads that no declared path covers. */
export class ReadTracker {
  private readonly undeclared = new Set<string>();
  private readonly declared: readonly string[];
  private readonly isPresent: (path: string) => boolean;

  /** `isPresent` returns true if a declared path leads to a value other than `null`. */
  constructor(declared: readonly string[], isPresent: (path: string) => boolean) {
    this.declared = declared.map(canonicalContextPath);
    this.isPresent = isPresent;
  }

  /** Records a read of everything at `path`. */
  read(path: string): void {
    const name = canonicalContextPath(path);
    if (!this.declared.some((known) => isAtOrUnder(name, known))) this.undeclared.add(name);
  }

  /** True if the key already implies that there is an object at `path`. */
  isImplied(path: string): boolean {
    // If the key contains a value below the path, it implies that there is an object at the path.
    return this.declared.some((known) => isAtOrUnder(known, path) && this.isPresent(known));
  }

  /** Returns the undeclared paths, sorted, without those that lie below another one. */
  list(): string[] {
    const all = [...this.undeclared];
    return all.filter((path) => !all.some((other) => other !== path && isAtOrUnder(path, other))).sort();
  }
}

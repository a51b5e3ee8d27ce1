// Finds which of a task's surroundings changed while it ran, or differ from those of its key. Functions of values.

import type { DeclaredFiles, PackageVersion, Reason, TaskSurroundings } from "@memodag/core";

/** Why a result is not stored: it may have been computed from other inputs than those of its key. */
export interface InputChanged {
  readonly kind: "input_changed";
  readonly reason: Reason;
}

/** Why the code that ran is not the code of the key: a loaded package differs from the locked one. */
export function codeChange(loaded: readonly PackageVersion[], locked: ReadonlySet<string>): Reason | null {
  const other = loaded.find(({ name, version }) => !locked.has(`${name}@${version}`));
  if (!other) return null;
  const what = `package ${other.name} ${other.version} is not what the Dag was read with`;
  return { code: "code_changed", detail: { what } };
}

/** The first difference, such as `file:data/rows.csv`; `null` if there is none. */
export function findInputChange(before: TaskSurroundings, after: TaskSurroundings): string | null {
  if (before.kind === "unknown" || after.kind === "unknown") return null;
  const names = new Set([...Object.keys(before.runtime), ...Object.keys(after.runtime)]);
  const part = [...names].find((name) => before.runtime[name] !== after.runtime[name]);
  if (part !== undefined) return part;
  return before.files && after.files ? findFileChange(before.files, after.files) : null;
}

function findFileChange(before: DeclaredFiles, after: DeclaredFiles): string | null {
  if (before.shown && after.shown) {
    const paths = new Set([...Object.keys(before.shown), ...Object.keys(after.shown)]);
    const path = [...paths].sort().find((each) => before.shown?.[each] !== after.shown?.[each]);
    if (path !== undefined) return `file:${path}`;
  }
  const pattern = Object.keys(after.digests).find((each) => before.digests[each] !== after.digests[each]);
  if (pattern !== undefined) return `file:${pattern}`;
  // Written during the run with the same content: the task may have read a partial file.
  return before.stamp === after.stamp ? null : `file:${Object.keys(after.digests).join(", ")}`;
}

// Compares two keys and names the components that differ.

import type { SourceComponent, TaskSourceRecord } from "@memodag/core";
import type { RecordedComponents } from "./key-components.ts";

/** One difference. `before` and `after` are short forms of values, or digests; `null`: not there. */
export interface ComponentChange {
  readonly kind:
    | "edition"
    | "team"
    | "dag"
    | "task"
    | "share"
    | "runtime"
    | "input"
    | "file"
    | "entry"
    | "context"
    | "env"
    | "key"
    | "version"
    | "source"
    | "package";
  /** The argument, context path, variable, file, package, part of the runtime, or place in the source. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** A key's components, with what its source hash is made of where that is known. */
export interface ComparedKey {
  readonly components: RecordedComponents;
  readonly source: TaskSourceRecord | undefined;
}

/** Every difference, in the order in which people look for them. */
export function compareComponents(before: ComparedKey, after: ComparedKey): ComponentChange[] {
  const a = before.components;
  const b = after.components;
  return [
    ...(a.v === b.v ? [] : [editionChange(a.v, b.v)]),
    ...compareTexts("team", a.team, b.team),
    ...comparePlaces(a, b),
    ...compareRuntimes(a, b),
    ...compareNamed("input", "inputs", a, b),
    ...compareFiles(a, b),
    ...compareEntries(a, b),
    ...compareNamed("context", "context", a, b),
    ...compareNamed("env", "env", a, b),
    ...compareKeyFunctions(a, b),
    ...compareTexts("version", a.version, b.version),
    ...compareSources(before, after),
  ];
}

function compareTexts(
  kind: ComponentChange["kind"],
  before: string | null,
  after: string | null,
): ComponentChange[] {
  return before === after ? [] : [{ kind, path: kind, before, after }];
}

/** Tasks that share results have the name in place of their own in the key. */
function comparePlaces(a: RecordedComponents, b: RecordedComponents): ComponentChange[] {
  if (a.share !== undefined && a.share === b.share) return [];
  return [
    ...compareTexts("share", a.share ?? null, b.share ?? null),
    ...compareTexts("dag", a.dag, b.dag),
    ...compareTexts("task", a.task, b.task),
  ];
}

/** An answer of another function may be the same and mean something else. */
function compareKeyFunctions(a: RecordedComponents, b: RecordedComponents): ComponentChange[] {
  const answerOf = ({ key, shown }: RecordedComponents) =>
    key === undefined ? null : (shown?.["key"] ?? shortForm(key));
  const codeOf = ({ keySource }: RecordedComponents) =>
    keySource === undefined ? null : shortForm(keySource);
  const answers: ComponentChange = { kind: "key", path: "key", before: answerOf(a), after: answerOf(b) };
  return [
    ...(a.key === b.key ? [] : [answers]),
    ...(a.keySource === b.keySource
      ? []
      : [{ kind: "source", path: "key function", before: codeOf(a), after: codeOf(b) } as const]),
  ];
}

function editionChange(before: number, after: number): ComponentChange {
  return { kind: "edition", path: "key edition", before: `${before}`, after: `${after}` };
}

/** A program is shown by its path and the first digits of its digest. */
function compareRuntimes(before: RecordedComponents, after: RecordedComponents): ComponentChange[] {
  // An edition without it says nothing of what it was made with.
  if (!before.runtime || !after.runtime) return [];
  return compareRecords("runtime", before.runtime, after.runtime, (value) =>
    value.replace(/ ([0-9a-f]{12})[0-9a-f]{52}$/, " $1"),
  );
}

/** By the files' names where those are kept, else by pattern. */
function compareFiles(before: RecordedComponents, after: RecordedComponents): ComponentChange[] {
  const patterns = compareRecords("file", before.files ?? {}, after.files ?? {}, shortForm);
  if (patterns.length === 0) return [];
  const hasNames = [before, after].every(({ files, shownFiles }) => !files || shownFiles);
  if (!hasNames) return patterns;
  const files = compareRecords("file", before.shownFiles ?? {}, after.shownFiles ?? {}, shortForm);
  return files.length > 0 ? files : patterns;
}

/** By the entries' names where those are kept, else by pattern. */
function compareEntries(before: RecordedComponents, after: RecordedComponents): ComponentChange[] {
  const patterns = compareRecords("entry", before.entries ?? {}, after.entries ?? {}, shortForm);
  if (patterns.length === 0) return [];
  const hasNames = [before, after].every(({ entries, shownEntries }) => !entries || shownEntries);
  if (!hasNames) return patterns;
  const named = compareRecords("entry", before.shownEntries ?? {}, after.shownEntries ?? {}, shortForm);
  return named.length > 0 ? named : patterns;
}

function shortForm(digest: string): string {
  return digest.slice(0, 12);
}

function compareRecords(
  kind: ComponentChange["kind"],
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  form: (value: string) => string,
): ComponentChange[] {
  const valueOf = (record: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(record, name) ? (record[name] ?? null) : null;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((path) => {
    const [from, to] = [valueOf(before, path), valueOf(after, path)];
    if (from === to) return [];
    return [{ kind, path, before: from === null ? null : form(from), after: to === null ? null : form(to) }];
  });
}

function compareNamed(
  kind: ComponentChange["kind"],
  part: "inputs" | "context" | "env",
  before: RecordedComponents,
  after: RecordedComponents,
): ComponentChange[] {
  const names = new Set([...Object.keys(before[part]), ...Object.keys(after[part])]);
  return [...names]
    .sort()
    .filter((name) => before[part][name] !== after[part][name])
    .flatMap((name) => {
      const fields = part === "inputs" ? compareFields(name, before, after) : [];
      if (fields.length > 0) return fields;
      return [
        { kind, path: name, before: shownForm(before, part, name), after: shownForm(after, part, name) },
      ];
    });
}

/** The fields of an argument that changed, by name, where both keys have only fields of it. */
function compareFields(
  name: string,
  before: RecordedComponents,
  after: RecordedComponents,
): ComponentChange[] {
  const fieldsOf = ({ shownFields = {} }: RecordedComponents): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(shownFields).filter(([path]) => path.startsWith(`${name}.`)));
  const [from, to] = [fieldsOf(before), fieldsOf(after)];
  if (Object.keys(from).length === 0 || Object.keys(to).length === 0) return [];
  return compareRecords("input", from, to, (form) => form);
}

function shownForm(
  components: RecordedComponents,
  part: "inputs" | "context" | "env",
  name: string,
): string | null {
  const digest = components[part][name];
  if (digest === undefined) return null;
  return components.shown?.[`${part}.${name}`] ?? digest.slice(0, 12);
}

function compareSources(before: ComparedKey, after: ComparedKey): ComponentChange[] {
  const a = before.components.source;
  const b = after.components.source;
  if (a === b) return [];
  const changes = before.source && after.source ? compareParts(before.source, after.source) : [];
  // Without the parts, or with a change that none of them names, the hash itself is all there is to say.
  return changes.length > 0
    ? changes
    : [{ kind: "source", path: "source", before: a.slice(0, 12), after: b.slice(0, 12) }];
}

function compareParts(before: TaskSourceRecord, after: TaskSourceRecord): ComponentChange[] {
  const a = groupByName(before.components);
  const b = groupByName(after.components);
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((name) => {
    const from = a.get(name);
    const to = b.get(name);
    if (from?.digests === to?.digests && from?.versions === to?.versions) return [];
    const isPackage = (from ?? to)?.isPackage === true;
    const form = (part: PartGroup | undefined): string | null =>
      part ? (isPackage ? part.versions : part.digests.slice(0, 12)) : null;
    return [
      { kind: isPackage ? "package" : "source", path: name, before: form(from), after: form(to) } as const,
    ];
  });
}

interface PartGroup {
  readonly isPackage: boolean;
  readonly digests: string;
  readonly versions: string;
}

/** Parts of one name together: a file may have several statements, and a graph several copies of a package. */
function groupByName(components: readonly SourceComponent[]): Map<string, PartGroup> {
  const groups = new Map<string, SourceComponent[]>();
  for (const component of components) {
    const name = nameOf(component);
    groups.set(name, [...(groups.get(name) ?? []), component]);
  }
  return new Map(
    Array.from(groups, ([name, parts]) => [
      name,
      {
        isPackage: parts[0]?.kind === "package",
        digests: parts
          .map(({ digest }) => digest)
          .sort()
          .join(),
        versions: parts
          .map(({ version }) => version ?? "")
          .sort()
          .join(", "),
      },
    ]),
  );
}

function nameOf({ kind, path, name }: SourceComponent): string {
  return kind === "package" ? name : `${path} ${kind} ${name}`.trim();
}

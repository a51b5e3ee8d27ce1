// Names the components of a slice, to explain why a hash changed.

import { posix } from "node:path";
import { sha256, type SourceComponent } from "@memodag/core";
import { isClass, isFunction, part, type Node } from "../program/node.ts";
import type { Unit } from "../program/program.ts";
import type { ArtifactAnalysis } from "./artifact-analysis.ts";
import type { ImportIdentity } from "./import-identities.ts";
import type { PlaceNames } from "./place-names.ts";
import type { Shape } from "./shape.ts";
import type { CapturedVariable, Slice } from "./slice.ts";

const CODE = /\.[cm]?[jt]sx?$/;
const TEXT_LENGTH = 80;
/** Maximum number of packages to list individually behind one package. */
const MAX_SHOWN_MEMBERS = 40;

/** A component's digest leaves out other tasks' handlers. */
const PRUNING = "handlers";

/** Describes slices of one artifact. */
export class SliceDescriber {
  readonly #analysis: ArtifactAnalysis;
  readonly #places: PlaceNames;
  readonly #units = new Map<Unit, SourceComponent>();

  constructor(analysis: ArtifactAnalysis, places: PlaceNames) {
    this.#analysis = analysis;
    this.#places = places;
  }

  /** Describes the components of slices, handlers first; shared components appear once. */
  describe(slices: readonly Slice[]): SourceComponent[] {
    const components = new Set<SourceComponent>();
    const packages = new Map<string, SourceComponent>();
    for (const slice of slices) {
      for (const node of slice.functions) components.add(this.#describeFunction(node));
      for (const variable of slice.captured) components.add(describeCaptured(variable));
      for (const unit of slice.units) components.add(this.describeUnit(unit));
      for (const identity of slice.imports.values()) addPackage(identity, packages);
    }
    return [...components, ...packages.values()];
  }

  describeUnit(unit: Unit): SourceComponent {
    const known = this.#units.get(unit);
    if (known) return known;
    const named = part(unit.node, "id") ?? unit.node;
    const { path, name } = this.#places.placeOf(named.start);
    const names = unit.bindings.map((binding) => binding.name);
    const isAsset = path !== "" && !CODE.test(path);
    const ownName = (names.length === 1 ? name : null) ?? (names.join(", ") || this.textOf(unit.node));
    const component: SourceComponent = {
      kind: isAsset ? "asset" : this.#kindOf(unit),
      path,
      name: isAsset ? posix.basename(path) : ownName,
      version: null,
      digest: digestOf(this.#analysis.shapeOfUnit(unit, PRUNING)),
    };
    this.#units.set(unit, component);
    return component;
  }

  /** Returns the first line of a node. */
  textOf(node: Node): string {
    const [first = ""] = this.#analysis.program.code.slice(node.start, node.end).split("\n");
    return first.length > TEXT_LENGTH ? `${first.slice(0, TEXT_LENGTH)}…` : first;
  }

  #kindOf({ kind, node }: Unit): SourceComponent["kind"] {
    const init = kind === "variable" ? this.#analysis.program.unwrap(part(node, "init")) : undefined;
    return isClass(init) ? "class" : isFunction(init) ? "function" : kind;
  }

  #describeFunction(node: Node): SourceComponent {
    const unit = this.#analysis.program.unitAround(node);
    const { path } = this.#places.placeOf(node.start);
    const shape = this.#analysis.shapeOfFunction(node, PRUNING);
    const name = shape.names[0] ?? (unit && unit.bindings.length === 1 ? unit.bindings[0]?.name : undefined);
    return { kind: "function", path, name: name ?? "handler", version: null, digest: digestOf(shape) };
  }
}

/**
 * Digest of the code and of the names that it calls: calling another function is a change of the caller.
 */
function digestOf({ digest, targets }: Shape): string {
  const names = targets.map((target) =>
    target.kind === "import" ? `${target.specifier} ${target.imported}` : target.binding.name,
  );
  return sha256(JSON.stringify([digest, names]));
}

function describeCaptured({ name, value }: CapturedVariable): SourceComponent {
  return { kind: "captured", path: "", name, version: null, digest: sha256(JSON.stringify(value)) };
}

/**
 * Adds a package, and those that it leads to by their own files, so that the changed one can be named.
 */
function addPackage({ package: found }: ImportIdentity, packages: Map<string, SourceComponent>): void {
  if (!found) return;
  const [own, ...others] = found.members;
  // The packages that a package leads to have their own lines, unless there are too many to read.
  const isShort = others.length <= MAX_SHOWN_MEMBERS;
  const add = (name: string, version: string, digest: string): void => {
    packages.set(JSON.stringify([name, version]), { kind: "package", path: "", name, version, digest });
  };
  add(found.name, found.version, isShort && own ? own.digest : found.digest);
  if (!isShort) return;
  for (const { name, version, digest } of others) add(`${name} (through ${found.name})`, version, digest);
}

// The code and values that some starting points reach, in an order independent of names and locations.

import { sha256, type Digest } from "@memodag/core";
import type { HeapEdge, HeapValue } from "../handlers/located-handlers.ts";
import type { Node } from "../program/node.ts";
import type { Binding, Unit } from "../program/program.ts";
import type { ArtifactAnalysis, Attraction, Pruning } from "./artifact-analysis.ts";
import type { ImportIdentities, ImportIdentity } from "./import-identities.ts";
import { isRewritten } from "./rewritten.ts";
import { usesSurroundings } from "./lexical-this.ts";
import type { Shape } from "./shape.ts";
import type { Target } from "./target.ts";

/** The inputs for computing a slice. */
export interface SliceSources {
  readonly analysis: ArtifactAnalysis;
  readonly imports: ImportIdentities;
  readonly heap: readonly HeapValue[];
  /** Returns the function at the location of a captured function; `undefined` if its text differs. */
  findFunction(value: HeapValue & { readonly kind: "function" }): Node | undefined;
}

/** A variable that a handler captured, with what is known of its value. */
export interface CapturedVariable {
  readonly name: string;
  readonly value: HeapValue;
}

/** Options of {@link Slice.ofUnits}. */
export interface UnitSliceOptions {
  /** Packages that are loaded for their side effects. */
  readonly bareImports: readonly string[];
  readonly pruning: Pruning;
  /** The units to include besides those named; `null` for none. */
  readonly attraction: Attraction | null;
}

type Item = Unit | number;

/** A slice: the items reached breadth-first, each with numbers in place of the items that it leads to. */
export class Slice {
  readonly units: Unit[] = [];
  readonly functions: Node[] = [];
  readonly captured: CapturedVariable[] = [];
  readonly imports: Map<string, ImportIdentity> = new Map();
  readonly hazards: Set<string> = new Set();
  /** True if handlers of tasks are left out of its code. */
  prunes = false;
  /** True if its code may inspect the SDK's objects. */
  reveals = false;
  /** True if a captured object may be shared with other code. */
  sharesObjects = false;
  readonly #sources: SliceSources;
  readonly #base: Slice | null;
  readonly #pruning: Pruning;
  readonly #attraction: Attraction | null;
  readonly #attracted = new Set<Unit>();
  /** Units whose incoming references have been followed already. */
  readonly #seen = new Set<Unit>();
  readonly #numbers = new Map<Item, number>();
  readonly #queue: Item[] = [];
  readonly #lines: unknown[] = [];
  /** A base is queried once for each task. */
  readonly #digests = new Map<boolean, Digest>();
  readonly #names: (readonly string[])[] = [];
  readonly #code: Node[] = [];
  #readsText = false;

  /** @param base a slice whose items are not written again */
  private constructor(
    sources: SliceSources,
    base: Slice | null,
    { pruning, attraction }: { readonly pruning: Pruning; readonly attraction: Attraction | null },
  ) {
    this.#attraction = attraction;
    this.#sources = sources;
    this.#base = base;
    this.#pruning = pruning;
  }

  /** Returns the slice of some units, and of packages imported without a name. */
  static ofUnits(
    sources: SliceSources,
    units: readonly Unit[],
    { bareImports, pruning, attraction }: UnitSliceOptions,
  ): Slice {
    const slice = new Slice(sources, null, { pruning, attraction });
    for (const specifier of bareImports) {
      slice.#lines.push(["import", slice.#import({ kind: "import", specifier, imported: "" })]);
    }
    // In order of evaluation: an earlier statement has a lower number.
    for (const unit of units) slice.#number(unit);
    return slice.#walk();
  }

  /** Returns the slice of a captured value, such as a handler. */
  static ofValue(sources: SliceSources, base: Slice, index: number): Slice {
    const slice = new Slice(sources, base, { pruning: base.#pruning, attraction: base.#attraction });
    slice.#number(index);
    return slice.#walk();
  }

  /**
   * Digest of everything in it.
   * @param withText whether the source text of functions and classes counts
   */
  digest(withText: boolean): Digest {
    const known = this.#digests.get(withText);
    if (known !== undefined) return known;
    const digest = this.#digestOf(withText);
    this.#digests.set(withText, digest);
    return digest;
  }

  #digestOf(withText: boolean): Digest {
    const { code } = this.#sources.analysis.program;
    const texts = withText ? this.#code.map(({ start, end }) => code.slice(start, end)) : [];
    return sha256(JSON.stringify([this.#lines, this.#names, texts]));
  }

  /** True if its code may convert a function or a class to a string. */
  get readsText(): boolean {
    return this.#readsText;
  }

  #walk(): this {
    for (let at = 0; at < this.#queue.length;) {
      for (; at < this.#queue.length; at += 1) {
        const item = this.#queue[at] as Item;
        if (typeof item === "number") this.#writeValue(item);
        else this.#writeUnit(item);
      }
      // The units that change reached objects, in order of evaluation, and everything they reach in turn.
      const attracted = [...this.#attracted].sort((a, b) => a.index - b.index);
      this.#attracted.clear();
      for (const unit of attracted) this.#number(unit);
    }
    this.#writeOrder();
    return this;
  }

  #writeUnit(unit: Unit): void {
    this.units.push(unit);
    const { analysis } = this.#sources;
    this.#writeShape("unit", analysis.shapeOfUnit(unit, this.#pruning), []);
    if (!this.#attraction) return;
    for (const attracted of analysis.attractedBy(unit, this.#attraction, this.#seen))
      this.#attracted.add(attracted);
  }

  /** The order of two units that change the same object, and of one that reads it, affects the result. */
  #writeOrder(): void {
    const { analysis } = this.#sources;
    const changing = [...(this.#base?.units ?? []), ...this.units]
      .filter((unit) => analysis.hasEffects(unit))
      .sort((a, b) => a.index - b.index);
    this.#lines.push(["changes", changing.map((unit) => this.#number(unit))]);
    for (const unit of this.units) {
      const later = analysis.laterThan(unit, this.#pruning);
      if (!later) continue;
      const before = countBefore(changing, unit);
      this.#lines.push(["moment", this.#number(unit), before, later.map((other) => this.#number(other))]);
    }
  }

  #writeValue(index: number): void {
    const value = this.#sources.heap[index];
    switch (value?.kind) {
      case "primitive":
        this.#lines.push(["primitive", value.text]);
        return;
      case "object":
        this.sharesObjects = true;
        this.#lines.push(["object", value.tag, this.#edges(value.edges)]);
        return;
      case "function":
        return this.#writeFunction(value);
      default:
        this.hazards.add(
          `a handler's use of ${value?.what ?? "a value that is not there"}, captured while the file was loaded`,
        );
    }
  }

  #writeFunction(value: HeapValue & { readonly kind: "function" }): void {
    const node = this.#sources.findFunction(value);
    if (!node) {
      this.hazards.add("a function that is not in the Dag file's modules");
      return;
    }
    if (usesSurroundings(node))
      this.hazards.add("a function that uses the `this` or `super` of the code around it");
    if (value.properties.length > 0) this.sharesObjects = true;
    this.functions.push(node);
    const shape = this.#sources.analysis.shapeOfFunction(node, this.#pruning);
    this.#writeShape("function", shape, value.captured);
    if (value.properties.length > 0) this.#lines.push(["properties", this.#edges(value.properties)]);
  }

  #writeShape(kind: string, shape: Shape, captured: readonly HeapEdge[]): void {
    for (const hazard of shape.hazards) this.hazards.add(hazard);
    if (shape.prunes) this.prunes = true;
    if (shape.reveals) this.reveals = true;
    if (shape.readsText) this.#readsText = true;
    this.#names.push(shape.names);
    for (const line of shape.code) this.#code.push(line);
    this.#lines.push([kind, shape.digest, shape.targets.map((target) => this.#label(target, captured))]);
  }

  #edges(edges: readonly HeapEdge[]): unknown[] {
    return edges.map(([label, index]) => [label, this.#number(index)]);
  }

  #label(target: Target, captured: readonly HeapEdge[]): unknown {
    switch (target.kind) {
      case "units":
        return target.units.map((unit) => this.#number(unit));
      case "import":
        return this.#import(target);
      case "captured": {
        const name = target.binding.name;
        const edge = captured.find(([label]) => label === name);
        const value = edge && this.#sources.heap[edge[1]];
        if (!edge || !value) {
          this.hazards.add(`the captured variable ${name}, whose value is not visible`);
          return "hidden";
        }
        this.captured.push({ name, value });
        return value.kind === "primitive" && !isRewritten(target.binding)
          ? value.text
          : this.#cell(target.binding, edge[1], value);
      }
    }
  }

  /**
   * A variable that other code may hold or set. Besides its value, its identity counts, because two
   * objects with equal values are not the same.
   */
  #cell(binding: Binding, index: number, value: HeapValue): unknown {
    const { analysis } = this.#sources;
    if (isRewritten(binding)) this.sharesObjects = true;
    const declared = binding.identifiers[0] as unknown as Node | undefined;
    const unit = declared && analysis.program.unitAround(declared);
    const number = unit && analysis.shapeOfUnit(unit, this.#pruning).locals.get(binding);
    if (!unit || number === undefined) {
      this.hazards.add(`the captured variable ${binding.name}, which is made where a handler is handed over`);
      return "hidden";
    }
    const held = value.kind === "primitive" ? value.text : this.#number(index);
    return ["variable", this.#number(unit), number, held];
  }

  #import(target: Target & { readonly kind: "import" }): readonly string[] {
    const identity = this.#sources.imports.identify(target);
    this.imports.set(`${target.specifier} ${target.imported}`, identity);
    for (const hazard of identity.hazards) this.hazards.add(hazard);
    return identity.parts;
  }

  /** An item's number: that in the base, or by order of discovery. */
  #number(item: Item): string {
    const base = this.#base;
    const inBase = base ? base.#numbers.get(item) : undefined;
    if (inBase !== undefined) return `base ${inBase}`;
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.#queue.length;
      this.#numbers.set(item, number);
      this.#queue.push(item);
    }
    return `own ${number}`;
  }
}

/** Returns how many of some units, in order of evaluation, are evaluated before another one. */
function countBefore(units: readonly Unit[], { index }: Unit): number {
  let low = 0;
  let high = units.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((units[middle] as Unit).index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

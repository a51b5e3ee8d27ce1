// Hashes the tasks of one artifact: each by its slice, or by the whole graph if the slice cannot be
// determined.

import { sha256, type PackageVersion } from "@memodag/core";
import { contentsOf, digestOf } from "./digest-of.ts";
import type { HeapValue } from "./handlers/located-handlers.ts";
import type { SourceHashRequest } from "./hash-request.ts";
import type { Node } from "./program/node.ts";
import type { Unit } from "./program/program.ts";
import { readProgram } from "./program/read-program.ts";
import { findKeptState } from "./reuse/find-kept-state.ts";
import type { KeptState } from "./reuse/memory.ts";
import { ArtifactAnalysis, type Attraction, type Pruning } from "./slice/artifact-analysis.ts";
import { SliceDescriber } from "./slice/describe-slice.ts";
import { ImportIdentities } from "./slice/import-identities.ts";
import { PlaceNames } from "./slice/place-names.ts";
import { Slice, type SliceSources } from "./slice/slice.ts";
import { wholeCode, type WholeCode } from "./slice/whole-code.ts";
import type { KeptInProcess, SourceHashes, TaskSource } from "./source-hashes.ts";

/** Hashes the data read from one artifact. */
export class SourceHasher {
  readonly #request: SourceHashRequest;
  readonly #analysis: ArtifactAnalysis;
  readonly #places: PlaceNames;
  readonly #describer: SliceDescriber;
  readonly #sources: SliceSources;
  readonly #impure: Slice;
  readonly #packages = new Map<string, PackageVersion>();
  #sharing: Slice | null = null;
  #evaluated: Slice | null = null;
  #whole: Slice | null = null;
  #loose: readonly unknown[] | null = null;
  #wholeCode: WholeCode | null = null;
  #choosing: Slice[] | null = null;

  constructor(request: SourceHashRequest) {
    const { code, map, folder, shownFolder, located, packages, readAnchor, readPrivateName } = request;
    this.#request = request;
    this.#analysis = new ArtifactAnalysis(readProgram(code));
    this.#places = new PlaceNames(code, map, shownFolder);
    this.#describer = new SliceDescriber(this.#analysis, this.#places);
    this.#sources = {
      analysis: this.#analysis,
      imports: new ImportIdentities({ packages, folder, readAnchor, readPrivateName }),
      heap: located.heap,
      findFunction: (value) => this.#findFunction(value),
    };
    this.#impure = this.#impureSlice("handlers", "effects");
  }

  hash(): SourceHashes {
    const { located } = this.#request;
    const tasks = new Map(located.handlers.map(([key, index]) => [key, this.#hashTask(key, index)]));
    return {
      tasks,
      packages: [...this.#packages.values()],
      kept: this.#findKept(),
      impureStatements: this.#analysis.impure.map(({ unit: { node }, reason }) => {
        const { path, line } = this.#places.placeOf(node.start);
        return { path, line, text: this.#describer.textOf(node), reason };
      }),
    };
  }

  /** Finds what the attempts of handlers that share a process would leave in it. */
  #findKept(): Map<string, readonly KeptInProcess[]> {
    const { located, reused = new Set() } = this.#request;
    const handlers = located.handlers
      .filter(([key]) => reused.has(key))
      .map(([key, index]) => [key, this.#functionOf(index)] as const);
    const found = findKeptState(
      this.#analysis.program,
      handlers.flatMap(([, handler]) => handler ?? []),
    );
    return new Map(
      handlers.flatMap(([key, handler]) => {
        const kept = handler
          ? this.#placesOf(found.get(handler) ?? [])
          : [{ path: "", line: 0, column: 0, reason: "has a handler that is not a function of the file" }];
        return kept.length > 0 ? [[key, kept] as const] : [];
      }),
    );
  }

  #placesOf(kept: readonly KeptState[]): KeptInProcess[] {
    const places = kept.map(({ node, reason }) => {
      const { path, line, column } = this.#places.placeOf(node.start);
      return { path, line, column, reason };
    });
    return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
  }

  #functionOf(index: number): Node | undefined {
    const value = this.#request.located.heap[index];
    return value?.kind === "function" ? this.#findFunction(value) : undefined;
  }

  #hashTask(key: string, index: number): TaskSource {
    let base = this.#impure;
    let own = Slice.ofValue(this.#sources, base, index);
    if (own.sharesObjects) {
      // A captured object may be changed by other code, so its creation and the code it is passed to
      // count.
      base = this.#sharing ??= this.#impureSlice("functions", "evaluated");
      own = Slice.ofValue(this.#sources, base, index);
    }
    if ([...own.units, ...base.units].some((unit) => this.#analysis.escaping.has(unit))) {
      base = this.#evaluatedSlice();
      own = Slice.ofValue(this.#sources, base, index);
    }
    const chosen = this.#choiceOf(index);
    for (const slice of [own, base, ...chosen]) this.#notePackages(slice);
    const doubts = this.#findDoubts([own, base, ...chosen]);
    if (doubts.length > 0) return this.#hashWhole(key, own, doubts);
    const slices = [base, own, ...chosen];
    const withText = slices.some(({ readsText }) => readsText);
    return {
      hash: digestOf(["slice", ...slices.map((slice) => slice.digest(withText)), this.#findLoose()]),
      mode: "slice",
      components: this.#describer.describe([own, base, ...chosen]),
      doubts: [],
      warnings: [],
    };
  }

  #hashWhole(key: string, own: Slice, doubts: readonly string[]): TaskSource {
    const whole = this.#wholeSlice();
    this.#notePackages(whole);
    this.#wholeCode ??= wholeCode(this.#analysis, whole);
    const { digest, withText } = this.#wholeCode;
    // The key distinguishes tasks with the same handler whose captured values could not be compared.
    return {
      hash: digestOf(["whole", key, digest, own.digest(withText), contentsOf(this.#request.loaded)]),
      mode: "whole_graph",
      components: this.#describer.describe([own, whole]),
      doubts,
      warnings: doubts.map((doubt) => `covers every module of the Dag file, because it reaches ${doubt}`),
    };
  }

  #notePackages({ imports }: Slice): void {
    for (const identity of imports.values()) {
      for (const member of identity.package?.members ?? []) {
        const { name, version } = member;
        this.#packages.set(`${name}@${version}`, { name, version });
      }
    }
  }

  /** The code that selected the handler by the environment, including all alternatives. */
  #choiceOf(index: number): Slice[] {
    const node = this.#functionOf(index);
    const unit = node && this.#analysis.program.unitAround(node);
    if (!unit) return [];
    this.#choosing ??= this.#analysis.choosing.map((choosing) =>
      Slice.ofUnits(this.#sources, [choosing], { bareImports: [], pruning: "none", attraction: null }),
    );
    return this.#choosing.filter(({ units }) => units.includes(unit));
  }

  #findDoubts(slices: readonly Slice[]): string[] {
    const doubts = new Set(slices.flatMap(({ hazards }) => [...hazards]));
    if (slices.some(({ prunes }) => prunes) && slices.some(({ reveals }) => reveals)) {
      doubts.add("a task or Dag, and code that can find what is hidden in one");
    }
    return [...doubts];
  }

  /**
   * Imports of packages that may have side effects when loaded, in order: they are loaded for every task.
   */
  #importsWithEffects(): string[] {
    const { bareImports, imports } = this.#analysis.program;
    const bare = new Set(bareImports);
    return imports.filter((specifier) => {
      const found = this.#sources.imports.identify({ specifier, imported: "" });
      return bare.has(specifier) || found.package?.hasEffects === true;
    });
  }

  /** Packages that were loaded without an import, such as by the author's own `require`. */
  #findLoose(): readonly unknown[] {
    if (this.#loose) return this.#loose;
    const reached = new Set<string>();
    for (const specifier of this.#analysis.program.imports) {
      const { members = [] } = this.#sources.imports.identify({ specifier, imported: "" }).package ?? {};
      for (const { name, version } of members) reached.add(`${name}@${version}`);
    }
    const loose = this.#request.loaded.filter(({ name, version }) => !reached.has(`${name}@${version}`));
    return (this.#loose = contentsOf(loose));
  }

  #evaluatedSlice(): Slice {
    return (this.#evaluated ??= this.#sliceOf(this.#analysis.evaluated, "functions", null));
  }

  #wholeSlice(): Slice {
    return (this.#whole ??= this.#sliceOf(this.#analysis.program.units, "none", null));
  }

  #impureSlice(pruning: Pruning, attraction: Attraction): Slice {
    const units = this.#analysis.impure.map(({ unit }) => unit);
    return this.#sliceOf(units, pruning, attraction);
  }

  #sliceOf(units: readonly Unit[], pruning: Pruning, attraction: Attraction | null): Slice {
    const bareImports = this.#importsWithEffects();
    return Slice.ofUnits(this.#sources, units, { bareImports, pruning, attraction });
  }

  #findFunction({ place }: HeapValue & { readonly kind: "function" }): Node | undefined {
    const offset = this.#places.offsetOf(place.line, place.column);
    const node = offset === undefined ? undefined : this.#analysis.program.functionAt(offset);
    if (!node) return undefined;
    const text = this.#request.code.slice(node.end - place.length, node.end);
    return sha256(text) === place.digest ? node : undefined;
  }
}

// Writes api.md: everything that users import from memodag, with its types, and the types that these refer to.
//
// It is made from the declarations that are built, so that it has what users get. A test compares it.

import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript59";

const own = fileURLToPath(new URL("./", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the report is kept. */
export const API_REPORT: string = fileURLToPath(new URL("api.md", import.meta.url));

/** Returns the report as it has to be. Needs the packages to be built. */
export function makeApiReport(): string {
  const { exports } = JSON.parse(readFileSync(`${own}package.json`, "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  const entries = Object.entries(exports).flatMap(([path, entry]) =>
    typeof entry === "string"
      ? []
      : [{ name: `memodag${path.slice(1)}`, file: `${own}${entry.types.slice(2)}` }],
  );
  const program = ts.createProgram({
    rootNames: entries.map(({ file }) => file),
    options: {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2024,
      allowImportingTsExtensions: true,
      noEmit: true,
      strict: true,
      types: ["node"],
    },
  });
  const checker = program.getTypeChecker();
  const exported = new Map<ts.Symbol, string>();
  const sections = entries.map(({ name, file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile);
    if (module === undefined) throw new Error(`${file} exports nothing: run \`npm run build\``);
    const lines = checker.getExportsOfModule(module).map((symbol) => {
      const actual = resolved(checker, symbol);
      const known = exported.get(actual);
      exported.set(actual, known ?? name);
      const text = known === undefined ? textOf(actual) : `// ${symbol.name}: see ${known}`;
      return { key: symbol.name, text: symbol.name === actual.name ? text : `// as ${symbol.name}\n${text}` };
    });
    return section(name, lines);
  });
  const reached = [...reachedBy(checker, [...exported.keys()])].filter((symbol) => !exported.has(symbol));
  const others = reached.map((symbol) => ({ key: symbol.name, text: textOf(symbol) }));
  return [
    "# The API of memodag",
    "",
    "Made by `npm run api`: all that users can import, and the types that it refers to. See [versions](../../docs/versions.md).",
    "",
    ...sections,
    section("Referred to, and not exported", others),
  ].join("\n");
}

function section(title: string, parts: readonly { key: string; text: string }[]): string {
  const sorted = parts.toSorted((a, b) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : a.text < b.text ? -1 : 1,
  );
  return `## ${title}\n\n\`\`\`typescript\n${sorted.map(({ text }) => text).join("\n\n")}\n\`\`\`\n`;
}

/** Without documentation, which may change at any time. */
function textOf(symbol: ts.Symbol): string {
  const printer = ts.createPrinter({ removeComments: true });
  const texts = declarationsOf(symbol).map((declaration) => {
    const statement = statementOf(declaration);
    return printer
      .printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile())
      .replace(/^export (?:declare )?/, "");
  });
  if (texts.length === 0) throw new Error(`no declaration of ${symbol.name} is memodag's own`);
  return [...new Set(texts)].join("\n");
}

function statementOf(declaration: ts.Declaration): ts.Node {
  // Of a constant, the whole statement.
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/** Those in this repository. */
function declarationsOf(symbol: ts.Symbol): ts.Declaration[] {
  return (symbol.declarations ?? []).filter((declaration) => {
    const { fileName } = declaration.getSourceFile();
    return !relative(root, fileName).startsWith("..") && !fileName.includes("/node_modules/");
  });
}

/** Types that declarations refer to, and those that these do. */
function reachedBy(checker: ts.TypeChecker, symbols: readonly ts.Symbol[]): ReadonlySet<ts.Symbol> {
  const reached = new Set(symbols);
  // Symbols that are found on the way are visited as well.
  for (const symbol of reached) {
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        const found = checker.getSymbolAtLocation(node);
        const actual = found && resolved(checker, found);
        if (actual !== undefined && isTopLevel(actual)) reached.add(actual);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of declarationsOf(symbol)) visit(declaration);
  }
  return reached;
}

function isTopLevel(symbol: ts.Symbol): boolean {
  const declarations = declarationsOf(symbol);
  return (
    declarations.length > 0 &&
    declarations.every((declaration) => ts.isSourceFile(statementOf(declaration).parent))
  );
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

if (import.meta.main) writeFileSync(API_REPORT, makeApiReport());

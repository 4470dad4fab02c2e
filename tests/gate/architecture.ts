/**
 * The shape of the source, as rules over syntax trees: which layer may import which, who may touch
 * globals, and how long things may be. `tests/architecture_test.ts` applies them.
 *
 * @module
 */

/**
 * The core, each layer above those that it may import: a layer may also import itself, but never one
 * that stands higher or beside.
 */
const CORE: readonly string[] = [
  ...["mod", "lock", "manager", "web_locks", "inspect", "opened", "options"],
  ...["lease", "events", "records", "errors"],
  ...["dynamodb", "tell", "credentials", "checks", "runtime"],
];

/** What the core never imports, and what each of these may import of it and of the others. */
const BESIDE: Record<string, readonly string[]> = {
  election: CORE.slice(CORE.indexOf("lock")),
  table: CORE.slice(CORE.indexOf("options")),
  testing: ["runtime"],
  layouts: ["records"],
  otel: ["events", "records", "errors", "checks", "runtime"],
};

/** What a layer may import from outside the project. The core has one run-time dependency. */
const EXTERNALS: Record<string, RegExp> = {
  dynamodb: /^aws4fetch$/,
  testing: /^node:/,
};

const FILE_LINES = 300;
const FUNCTION_LINES = 70;

/** Globals that only `runtime.ts` may name. */
const GLOBALS = new Set([
  ...["fetch", "setTimeout", "setInterval", "clearTimeout", "clearInterval", "scheduler"],
  ...["globalThis", "self", "window", "process", "Deno", "Bun", "navigator", "performance"],
]);

/** Members of globals that only `runtime.ts` may name. What is not listed is a pure function. */
const MEMBERS = new Set([
  ...["Date.now", "Math.random", "AbortSignal.timeout"],
  ...["crypto.getRandomValues", "crypto.randomUUID"],
]);

/** An import or re-export of one file. */
export interface Import {
  readonly specifier: string;
  /** Only types are imported: nothing remains of it at run time. */
  readonly typeOnly: boolean;
}

/** What is read from one source file. */
export interface SourceFile {
  /** Its path from the root of the project. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Sentences about what is wrong with it. */
  readonly faults: readonly string[];
}

/** The layer that a file belongs to: the folder or the file directly under `src`, or `mod`. */
export function layerOf(path: string): string {
  return /^(?:src\/)?([^/]+?)(?:\/.*|\.ts)$/.exec(path)?.[1] ?? path;
}

type AnyNode = { type: string; range: Deno.lint.Range; parent: AnyNode; [field: string]: unknown };

function isReference(node: AnyNode): boolean {
  const { parent } = node;
  if (parent.type.startsWith("TS")) return false;
  if (parent.type === "MemberExpression") return parent.object === node || parent.computed === true;
  if (/^(Property|PropertyDefinition|MethodDefinition)$/.test(parent.type)) {
    return parent.key !== node || parent.computed === true;
  }
  return true;
}

/** Where a name is declared, the part of the source in which it means that, and no global. */
function declaredWithin(node: AnyNode): Deno.lint.Range | undefined {
  let part = node;
  while (/^(Property|.*Pattern|RestElement)$/.test(part.parent.type)) part = part.parent;
  const owner = part.parent;
  if (/Function/.test(owner.type)) return owner.body === part ? undefined : owner.range;
  if (owner.type !== "VariableDeclarator" || owner.id !== part) return undefined;
  let scope = owner.parent;
  while (!/Function|Program/.test(scope.type)) scope = scope.parent;
  return scope.range;
}

interface Findings {
  readonly imports: Import[];
  readonly report: (node: { range: Deno.lint.Range }, fault: string) => void;
}

function importVisitor({ imports }: Findings): Deno.lint.LintVisitor {
  const add = (source: { value: unknown } | null, typeOnly: boolean) => {
    if (source !== null) imports.push({ specifier: String(source.value), typeOnly });
  };
  return {
    ImportDeclaration: (node) => add(node.source, node.importKind === "type"),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => add(node.source ?? null, node.exportKind === "type"),
    ImportExpression: (node) =>
      add(node.source.type === "Literal" ? node.source : { value: "a computed name" }, false),
    TSImportType: (node) =>
      add((node as unknown as { argument: Deno.lint.Literal }).argument, true),
  };
}

function globalsVisitor({ report }: Findings): Deno.lint.LintVisitor {
  const references: AnyNode[] = [];
  const declared: { name: unknown; range: Deno.lint.Range }[] = [];
  const isGlobal = (node: AnyNode) =>
    !declared.some(({ name, range }) =>
      name === node.name && range[0] <= node.range[0] && node.range[1] <= range[1]
    );
  return {
    Identifier(identifier) {
      const node = identifier as unknown as AnyNode;
      if (!GLOBALS.has(identifier.name) || !isReference(node)) return;
      const range = declaredWithin(node);
      if (range === undefined) references.push(node);
      else declared.push({ name: node.name, range });
    },
    "Program:exit"() {
      for (const node of references.filter(isGlobal)) report(node, `names '${node.name}'`);
    },
    MemberExpression(node) {
      if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
      const name = `${node.object.name}.${node.property.name}`;
      if (MEMBERS.has(name)) report(node, `names '${name}'`);
    },
    NewExpression(node) {
      const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
      if (isDate && node.arguments.length === 0) report(node, "names 'new Date()'");
    },
  };
}

function syntaxVisitor({ report }: Findings, source: string): Deno.lint.LintVisitor {
  const lengthOf = (node: { range: Deno.lint.Range }) => {
    const lines = source.slice(...node.range).split("\n").length;
    if (lines > FUNCTION_LINES) report(node, `has a function of ${lines} lines`);
  };
  return {
    FunctionDeclaration: lengthOf,
    FunctionExpression: lengthOf,
    ArrowFunctionExpression: lengthOf,
    VariableDeclaration(node) {
      if (node.kind.endsWith("using")) report(node, "has a 'using' declaration");
    },
  };
}

function exportsOnlyVisitor({ report }: Findings): Deno.lint.LintVisitor {
  return {
    Program(node) {
      for (const statement of node.body) {
        const isExport = statement.type === "ExportAllDeclaration" ||
          (statement.type === "ExportNamedDeclaration" && statement.source);
        if (!isExport) report(statement, "has more than exports from other files");
      }
    },
  };
}

/** Reads one source file and says what is wrong with it on its own. */
export function inspect(path: string, source: string): SourceFile {
  const imports: Import[] = [];
  const faults: string[] = [];
  const report = (node: { range: Deno.lint.Range }, fault: string) => {
    const line = source.slice(0, node.range[0]).split("\n").length;
    faults.push(`${path}:${line} ${fault}`);
  };
  const findings = { imports, report };
  const visitors = [importVisitor(findings), syntaxVisitor(findings, source)];
  const layer = layerOf(path);
  if (layer !== "runtime") visitors.push(globalsVisitor(findings));
  if (path === "mod.ts") visitors.push(exportsOnlyVisitor(findings));
  const rules = visitors.map((visitor, index) => [`rule${index}`, { create: () => visitor }]);
  Deno.lint.runPlugin({ name: "architecture", rules: Object.fromEntries(rules) }, path, source);
  const lines = source.trimEnd().split("\n").length;
  if (lines > FILE_LINES) faults.push(`${path} has ${lines} lines`);
  return { path, imports, faults };
}

/** The path that an import from `path` leads to, or `undefined` for one from outside. */
export function target(path: string, { specifier }: Import): string | undefined {
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

function mayImport(layer: string, other: string): boolean {
  if (layer in BESIDE) return layer === other || BESIDE[layer]!.includes(other);
  return CORE.indexOf(other) >= CORE.indexOf(layer);
}

/** Says which imports of a file go where its layer must not. */
export function checkImports(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  if (!CORE.includes(layer) && !(layer in BESIDE)) {
    return [`${file.path} is in '${layer}', which has no place here yet`];
  }
  return file.imports.flatMap((each) => {
    const path = target(file.path, each);
    const fine = path === undefined
      ? EXTERNALS[layer]?.test(each.specifier) ?? false
      : mayImport(layer, layerOf(path));
    return fine ? [] : [`${file.path} must not import '${each.specifier}'`];
  });
}

/** Finds files that need each other to be loaded first, each circle as `a -> b -> a`. */
export function findCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [
    file.path,
    file.imports.filter((each) => !each.typeOnly).map((each) => target(file.path, each)),
  ]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) {
      if (next !== undefined) visit(next, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}

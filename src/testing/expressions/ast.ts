/**
 * The trees that expressions are parsed into, before their placeholders are known.
 *
 * @module
 */

/** One step of a document path. */
export type PathStep =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "nameRef"; readonly ref: string }
  | { readonly kind: "index"; readonly index: number };

/** A document path: `a.b[2].#c`. */
export interface PathNode {
  readonly kind: "path";
  readonly steps: readonly PathStep[];
}

/** A placeholder of a value: `:v`. */
export interface ValueNode {
  readonly kind: "value";
  readonly ref: string;
}

/** A function and its operands. */
export interface CallNode {
  readonly kind: "call";
  readonly name: string;
  readonly operands: readonly OperandNode[];
}

/** What a comparison or a function works on. */
export type OperandNode = PathNode | ValueNode | CallNode;

/** The signs of comparisons. */
export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** A condition, key condition or filter. */
export type ConditionNode =
  | { readonly kind: "and" | "or"; readonly left: ConditionNode; readonly right: ConditionNode }
  | { readonly kind: "not"; readonly condition: ConditionNode }
  | {
    readonly kind: "compare";
    readonly operator: Comparator;
    readonly left: OperandNode;
    readonly right: OperandNode;
  }
  | {
    readonly kind: "between";
    readonly operand: OperandNode;
    readonly low: OperandNode;
    readonly high: OperandNode;
  }
  | {
    readonly kind: "in";
    readonly operand: OperandNode;
    readonly candidates: readonly OperandNode[];
  }
  | CallNode;

/** What `SET` assigns. */
export type AssignedNode =
  | OperandNode
  | {
    readonly kind: "sum";
    readonly operator: "+" | "-";
    readonly left: OperandNode;
    readonly right: OperandNode;
  };

/** One change of an update expression, in the order of the text. */
export type ActionNode =
  | { readonly kind: "SET"; readonly path: PathNode; readonly value: AssignedNode }
  | { readonly kind: "REMOVE"; readonly path: PathNode }
  | { readonly kind: "ADD" | "DELETE"; readonly path: PathNode; readonly value: ValueNode };

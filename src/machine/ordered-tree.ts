// An ordered map of bytes that never changes: put and delete give a new tree that shares all but one path with the old one. Holding a root is a
// consistent image, and forgetting a new root is a rollback. A balanced tree (AVL): at most 1.44 log2(n) comparisons, for any keys.

import { compareBytes } from "../base/bytes.ts";

export interface TreeNode {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly left: Tree;
  readonly right: Tree;
  readonly height: number;
}
export type Tree = TreeNode | undefined;

export function treeGet(tree: Tree, key: Uint8Array): Uint8Array | undefined {
  let node = tree;
  while (node !== undefined) {
    const order = compareBytes(key, node.key);
    if (order === 0) return node.value;
    node = order < 0 ? node.left : node.right;
  }
  return undefined;
}

export function treePut(tree: Tree, key: Uint8Array, value: Uint8Array): TreeNode {
  if (tree === undefined) return { key, value, left: undefined, right: undefined, height: 1 };
  const order = compareBytes(key, tree.key);
  if (order === 0) return { ...tree, value };
  if (order < 0) return balanced(tree, treePut(tree.left, key, value), tree.right);
  return balanced(tree, tree.left, treePut(tree.right, key, value));
}

export function treeDelete(tree: Tree, key: Uint8Array): Tree {
  if (tree === undefined) return undefined;
  const order = compareBytes(key, tree.key);
  if (order < 0) return balanced(tree, treeDelete(tree.left, key), tree.right);
  if (order > 0) return balanced(tree, tree.left, treeDelete(tree.right, key));
  if (tree.left === undefined) return tree.right;
  if (tree.right === undefined) return tree.left;
  const successor = leftmost(tree.right);
  return balanced(successor, tree.left, treeDelete(tree.right, successor.key));
}

/** Ascending, start included, end excluded. */
export function* treeAscend(tree: Tree, start: Uint8Array | undefined, end: Uint8Array | undefined): Generator<TreeNode> {
  const path: TreeNode[] = [];
  let node = tree;
  while (node !== undefined || path.length > 0) {
    for (; node !== undefined; node = isBefore(node.key, start) ? node.right : descend(path, node).left);
    const next = path.pop();
    if (next === undefined || (end !== undefined && compareBytes(next.key, end) >= 0)) return;
    yield next;
    node = next.right;
  }
}

/** Descending over the same keys. */
export function* treeDescend(tree: Tree, start: Uint8Array | undefined, end: Uint8Array | undefined): Generator<TreeNode> {
  const path: TreeNode[] = [];
  let node = tree;
  while (node !== undefined || path.length > 0) {
    for (; node !== undefined; node = isAtOrBehind(node.key, end) ? node.left : descend(path, node).right);
    const next = path.pop();
    if (next === undefined || isBefore(next.key, start)) return;
    yield next;
    node = next.left;
  }
}

function isBefore(key: Uint8Array, start: Uint8Array | undefined): boolean {
  return start !== undefined && compareBytes(key, start) < 0;
}

function isAtOrBehind(key: Uint8Array, end: Uint8Array | undefined): boolean {
  return end !== undefined && compareBytes(key, end) >= 0;
}

function descend(path: TreeNode[], node: TreeNode): TreeNode {
  path.push(node);
  return node;
}

function leftmost(tree: TreeNode): TreeNode {
  let node = tree;
  while (node.left !== undefined) node = node.left;
  return node;
}

function heightOf(tree: Tree): number {
  return tree === undefined ? 0 : tree.height;
}

function joined(node: TreeNode, left: Tree, right: Tree): TreeNode {
  return { key: node.key, value: node.value, left, right, height: Math.max(heightOf(left), heightOf(right)) + 1 };
}

/** `node` between two subtrees whose heights differ by two at most. */
function balanced(node: TreeNode, left: Tree, right: Tree): TreeNode {
  const lean = heightOf(left) - heightOf(right);
  if (lean > 1 && left !== undefined) {
    if (heightOf(left.left) >= heightOf(left.right)) return joined(left, left.left, joined(node, left.right, right));
    const pivot = left.right!;
    return joined(pivot, joined(left, left.left, pivot.left), joined(node, pivot.right, right));
  }
  if (lean < -1 && right !== undefined) {
    if (heightOf(right.right) >= heightOf(right.left)) return joined(right, joined(node, left, right.left), right.right);
    const pivot = right.left!;
    return joined(pivot, joined(node, left, pivot.left), joined(right, pivot.right, right.right));
  }
  return joined(node, left, right);
}

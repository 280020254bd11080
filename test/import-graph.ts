// Circles in a graph of imports: Tarjan's strongly connected components.

/** Each node with those it imports; nodes that are only imported may be left out. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** Every group of nodes that reach one another, by name; a node that imports itself is one too. */
export function circlesIn(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const open = new Set<string>();
  const circles: string[][] = [];

  function visit(node: string): number {
    const index = order.size;
    order.set(node, index);
    stack.push(node);
    open.add(node);
    let low = index;
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.has(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === index) close(node);
    return low;
  }

  function close(root: string): void {
    const group = stack.splice(stack.indexOf(root));
    for (const node of group) open.delete(node);
    const isCircle = group.length > 1 || (graph.get(root) ?? []).includes(root);
    if (isCircle) circles.push(group.sort());
  }

  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

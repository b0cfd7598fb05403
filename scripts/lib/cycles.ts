/** Finds circles in a graph of files. Owns no graph. */

export type Graph = ReadonlyMap<string, readonly string[]>

/** The shortest way from a file back to itself for each file whose circle has not been told yet. */
export const cyclesIn = (graph: Graph): readonly (readonly string[])[] => {
  const told = new Set<string>()
  const cycles: string[][] = []
  for (const start of graph.keys()) {
    if (told.has(start)) continue
    const way = wayBack(graph, start)
    if (way === undefined) continue
    for (const file of way) told.add(file)
    cycles.push(way)
  }
  return cycles
}

const wayBack = (graph: Graph, start: string): string[] | undefined => {
  const cameFrom = new Map<string, string>()
  const waiting = [start]
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const next of graph.get(at) ?? []) {
      if (next === start) return trail(cameFrom, start, at)
      if (cameFrom.has(next)) continue
      cameFrom.set(next, at)
      waiting.push(next)
    }
  }
  return undefined
}

const trail = (cameFrom: ReadonlyMap<string, string>, start: string, last: string): string[] => {
  const way = [last]
  while (way[0] !== start) way.unshift(cameFrom.get(way[0] ?? start) ?? start)
  return [...way, start]
}

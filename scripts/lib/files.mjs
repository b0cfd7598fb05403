// Finds files of the repository. Owns the list of folders that are nobody's source.
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './run.mjs'

const skipped = new Set(['node_modules', 'dist', '.git', '.cache', '.fanfare', 'coverage', 'results', 'test-results'])

/** Paths from the root, with `/`, in order, of the files below the folders for which `wanted` is true. */
export const filesIn = (folders, wanted = () => true) => {
  const found = []
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) visit(path)
        continue
      }
      const name = relative(root, path).split(sep).join('/')
      if (wanted(name)) found.push(name)
    }
  }
  for (const folder of folders) if (existsSync(join(root, folder))) visit(join(root, folder))
  return found.sort()
}

export const isNodeTest = (name) => /\.node\.test\.(ts|mjs)$/.test(name)
export const isBunTest = (name) => /\.test\.(ts|tsx)$/.test(name) && !isNodeTest(name)
/** Starts servers of others, such as Redis, and waits for what they do. */
export const isServersTest = (name) => /\.servers\.test\.ts$/.test(name)

/** Tests and what only they use: `publish.test.ts`, `engine.contract.ts`, `race.world.ts`. Shipped files have no second dot. */
export const isForTests = (name) => /[^/]\.[a-z-]+\.(ts|tsx|mjs)$/.test(name)

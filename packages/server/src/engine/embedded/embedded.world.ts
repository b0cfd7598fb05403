/** Embedded engines for tests, over a data folder that a crash leaves as it is at that moment. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeClock } from '../../lib/fake-clock.ts'
import { type DataFolder, openDataFolder } from '../../store/data-folder.ts'
import type { EngineHost } from '../engine.world.ts'
import { createEmbeddedEngine, type EmbeddedEngineOptions } from './embedded.ts'

const leaseMs = 30_000

export const embeddedHost = (): Promise<EmbeddedHost> => embeddedHostWith({})

/** What a host gives beyond the contract: where its files are. */
export type EmbeddedHost = EngineHost & { readonly path: () => string }

export const embeddedHostWith = async (options: Partial<EmbeddedEngineOptions>): Promise<EmbeddedHost> => {
  const root = mkdtempSync(join(tmpdir(), 'fanfare-engine-'))
  const clock = fakeClock()
  let generation = 0
  let folder: DataFolder | undefined
  const pathOf = () => join(root, String(generation))
  return {
    clock,
    durable: true,
    leaseMs,
    path: pathOf,
    async next(after) {
      const last = pathOf()
      if (after === 'crash') {
        generation++
        copyAsCrashed(last, pathOf())
      }
      folder?.close()
      folder = await openDataFolder(pathOf())
      return createEmbeddedEngine({ clock, disk: folder, leaseMs, ...options })
    },
    async close() {
      folder?.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** What is in the files at this moment, as a kill would leave it: the shared-memory index is made anew, the lock is gone. */
const copyAsCrashed = (from: string, to: string): void => {
  for (const name of readdirSync(from)) {
    if (!name.endsWith('-shm') && !name.startsWith('fanfare.')) cpSync(join(from, name), join(to, name))
  }
}

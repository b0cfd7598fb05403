/** What the engine needs of the machine's disk. `store/data-folder.ts` gives it; the engine itself knows no file. */
import type { DatabaseSync } from 'node:sqlite'

/** A number kept outside of the database, so that an older copy of the database gives itself away. */
export type EngineCounter = {
  read(): number
  write(value: number): void
  close(): void
}

export type EngineDisk = {
  /** Where it is, for messages to people. */
  readonly path: string
  /** Opens the named database with every migration applied, and commits on disk when they return (synchronous=FULL). */
  database(name: string, options: { readonly migrations: readonly string[] }): DatabaseSync
  counter(name: string): EngineCounter
}

/** What a run of the benchmark leaves: one file that says what was measured, on what, and who was missing. */
import type { Figure } from './figures.ts'
import type { Machine } from './machine.ts'

/** As `contenders.ts` describes them. `missing` says why, and what would bring it. */
export type ContenderState = { readonly contender: string; readonly configured: string } & (
  | { readonly version: string }
  | { readonly missing: string }
)

export type Result = {
  /** When the run ended, in UTC, as ISO 8601. */
  readonly at: string
  /** Short, with `-dirty` where files had been changed. */
  readonly commit: string
  readonly arguments: readonly string[]
  readonly machine: Machine
  readonly contenders: readonly ContenderState[]
  readonly figures: readonly Figure[]
}

export const isQuick = (result: Pick<Result, 'arguments'>): boolean => result.arguments.includes('--quick')

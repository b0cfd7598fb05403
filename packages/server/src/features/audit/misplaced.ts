/** Whether rows that do not belong where they stand belong in each other's places. Pure. */
import { type ChainRow, hashOf } from './chain.ts'

/** A row that does not follow from the hash before it. */
export type Suspect = { readonly row: ChainRow; readonly before: string }

/**
 * The number as which each was written, by the number as which it stands. A row's hash is over its true number and the hash
 * before it, which is that of a row in order, or that of another suspect.
 */
export const misplacedAmong = (tenantId: string, suspects: readonly Suspect[]): ReadonlyMap<number, number> => {
  const hashes = new Set(suspects.flatMap(({ row, before }) => [before, row.hash]))
  const found = new Map<number, number>()
  for (const { row } of suspects) {
    const from = suspects.find(({ row: { number } }) => {
      if (number === row.number) return false
      return [...hashes].some((before) => hashOf(tenantId, before, { ...row, number }) === row.hash)
    })
    if (from) found.set(row.number, from.row.number)
  }
  return found
}

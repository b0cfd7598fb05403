/**
 * The chain of a tenant's audit: what stands in a row, how it is put into bytes, and how each row holds on to the one before
 * it. Pure. Never change how rows are put into bytes: what was written is verified by it for as long as it is kept.
 */
import { createHash } from 'node:crypto'

/** An entry as it is kept: cleaned, and `detail` as JSON text. `action` is any text: a later version may know more of them. */
export type KeptEntry = {
  readonly at: number
  readonly action: string
  readonly actorKind: string
  readonly actorId: string | null
  readonly subject: string | null
  readonly detail: string | null
}

/** A kept entry in its place. `hash` is in hex. */
export type ChainRow = KeptEntry & { readonly number: number; readonly hash: string }

/** The end of a chain: the next row has `number + 1` and takes `hash` in. */
export type ChainEnd = { readonly number: number; readonly hash: string }

/** Before the first row. */
export const chainStart: ChainEnd = Object.freeze({ number: 0, hash: '0'.repeat(64) })

/**
 * SHA-256 over the hash before, the version of this format, and the row as a JSON array: of two different rows, tenants or
 * places no two have the same bytes, because each member stands at its own index and texts are in quotes.
 */
export const hashOf = (tenantId: string, before: string, row: KeptEntry & { readonly number: number }): string => {
  const { number, at, action, actorKind, actorId, subject, detail } = row
  const bytes = JSON.stringify([1, before, tenantId, number, at, action, actorKind, actorId, subject, detail])
  return createHash('sha256').update(bytes).digest('hex')
}

/** Gives entries their places after `end`, in order. */
export const chainOn = (tenantId: string, end: ChainEnd, entries: readonly KeptEntry[]): readonly ChainRow[] => {
  let { number, hash } = end
  return entries.map((entry) => {
    number++
    hash = hashOf(tenantId, hash, { ...entry, number })
    return { ...entry, number, hash }
  })
}

/**
 * Takes the entries of a tenant out of its audit, for those whom the law obliges to. What stays is a signed statement of how far
 * they went and with which hash, and an entry that says so, from which the chain goes on: so nobody else can make entries go
 * and let it look like this.
 */
import type { AuditEntry } from '../../model/audit.ts'
import type { Store } from '../../store/store.ts'
import { append } from './append.ts'
import { appendStatements } from './checkpoint-file.ts'
import { keepStatement } from './checkpoints.ts'
import { cleanEntry } from './clean.ts'
import type { Signer } from './signing.ts'

export type ErasingChain = {
  /** Says that, and why; it is the first entry of what stays. */
  readonly entry: AuditEntry
  readonly signer: Signer
  /** Where checkpoints are appended. */
  readonly file: string | undefined
  readonly now: number
}

const rowsAtOnce = 5_000

/** @returns how many entries went */
export const eraseChain = async (store: Store, { entry, signer, file, now }: ErasingChain): Promise<number> => {
  const { tenantId } = entry
  const tenant = store.of(tenantId)
  const last = await tenant.change(async ({ rows }) => {
    const { number } = await append(rows, { tenantId, entries: [cleanEntry(entry, now)], dueAt: now })
    const before = rows
      .selectFrom('audit_entry')
      .select(['number', 'hash'])
      .where('number', '=', number - 1)
    return before.executeTakeFirst()
  })
  if (!last) return 0
  const number = Number(last.number)
  const tombstone = signer.sign({ kind: 'tombstone', tenantId, number, hash: last.hash, at: now })
  if (file !== undefined) await appendStatements(file, [tombstone])
  await tenant.change(({ rows }) => keepStatement(rows, tombstone))
  let erased = 0
  for (let upTo = 0; upTo < number; ) {
    upTo = Math.min(upTo + rowsAtOnce, number)
    const gone = await tenant.change(({ rows }) =>
      rows.deleteFrom('audit_entry').where('number', '<=', upTo).executeTakeFirst(),
    )
    erased += Number(gone.numDeletedRows)
  }
  return erased
}

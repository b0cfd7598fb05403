/** The keys of tenants in the store: the first is made when it is needed, the next by a rotation. Knows nothing of what they seal. */
import { shortId } from '../lib/ids.ts'
import type { MasterKeys } from './master-keys.ts'
import type { Rows } from './store.ts'

export type TenantKey = {
  readonly number: number
  readonly id: string
  readonly ready: boolean
  readonly key: Uint8Array
}

export type KeyParts = { readonly tenantId: string; readonly masters: MasterKeys; readonly now: number }

/** Lowest number first. @throws FanfareError `internal` when one cannot be unwrapped */
export const readKeys = async (rows: Rows, { tenantId, masters }: KeyParts): Promise<readonly TenantKey[]> => {
  const found = await rows
    .selectFrom('tenant_key')
    .select(['number', 'id', 'wrapped', 'master', 'ready'])
    .orderBy('number')
    .execute()
  return found.map(({ number, id, ready, ...key }) => ({
    number,
    id,
    ready: ready === 1,
    key: masters.unwrap(tenantId, id, key),
  }))
}

/** Of those who add the same number at once, one does. @param how the first key of all seals at once, since nobody can have missed it */
export const addKey = async (
  rows: Rows,
  { tenantId, masters, now }: KeyParts,
  how: { readonly number: number; readonly ready: boolean },
): Promise<void> => {
  const id = `${how.number}.${shortId()}`
  await rows
    .insertInto('tenant_key')
    .values({ number: how.number, id, ...masters.make(tenantId, id), ready: how.ready ? 1 : 0, created_at: now })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'number']).doNothing())
    .execute()
}

export const makeReady = async (rows: Rows, number: number): Promise<void> => {
  await rows.updateTable('tenant_key').set({ ready: 1 }).where('number', '=', number).execute()
}

export const dropKey = async (rows: Rows, number: number): Promise<void> => {
  await rows.deleteFrom('tenant_key').where('number', '=', number).execute()
}

/** The one that seals. */
export const sealingKey = (keys: readonly TenantKey[]): TenantKey | undefined => keys.findLast(({ ready }) => ready)

/**
 * Gives a tenant a new key and seals all of its rows by it, beside running nodes; then drops the keys that nothing needs.
 * Interrupted, it goes on where it stood when it is asked again.
 *
 * No node is told. Every node knows the keys as they were `keysKnownMs` ago at most, so each step waits twice as long before
 * it counts on all of them: none seals by a key that another could not open, and none seals by an old one once it is dropped.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { OpenedStore } from './create-store.ts'
import type { MasterKeys } from './master-keys.ts'
import { countSealedBy, resealTable } from './reseal.ts'
import { keysKnownMs, sealerOf } from './sealing.ts'
import type { SealedColumn } from './tables.ts'
import { addKey, dropKey, makeReady, readKeys, sealingKey, type TenantKey } from './tenant-keys.ts'

export type RotationStep =
  | { readonly kind: 'made'; readonly keyId: string }
  /** An earlier run made the key, and did not come to its end. */
  | { readonly kind: 'resumed'; readonly keyId: string }
  | { readonly kind: 'waiting'; readonly ms: number }
  | { readonly kind: 'sealed'; readonly table: string; readonly rows: number }
  | { readonly kind: 'dropped'; readonly keyId: string }
  | { readonly kind: 'kept'; readonly keyId: string; readonly rows: number }

export type RotationOptions = {
  readonly store: OpenedStore
  readonly tenantId: string
  readonly sealed: readonly SealedColumn[]
  readonly masters: MasterKeys
  readonly clock: Clock
  readonly onStep: (step: RotationStep) => void
}

/** Twice what a node may be behind: the time that its work under way takes comes on top. */
export const settlingMs = 2 * keysKnownMs

/** @throws FanfareError `unavailable`; `internal` when no key is configured, or a row cannot be opened */
export const rotateKey = async (options: RotationOptions): Promise<void> => {
  const { store, tenantId, masters, clock, onStep } = options
  if (!masters.configured) throw new FanfareError('internal', 'There is no key to seal by (FANFARE_ENCRYPTION_KEYS).')
  const parts = { tenantId, masters, now: clock.now() }
  const keys = () => store.of(tenantId).read((rows) => readKeys(rows, parts))
  const settle = async () => {
    onStep({ kind: 'waiting', ms: settlingMs })
    await new Promise<void>((resolve) => void clock.after(settlingMs, resolve))
  }

  const before = await keys()
  const unfinished = before.find(({ ready }) => !ready) ?? (before.length > 1 ? sealingKey(before) : undefined)
  if (unfinished === undefined) {
    const number = (before.at(-1)?.number ?? 0) + 1
    // The first of all seals at once: a node that finds none makes one that does.
    await store.of(tenantId).change(({ rows }) => addKey(rows, parts, { number, ready: before.length === 0 }))
  }
  const newest = (await keys()).at(-1)!
  onStep({ kind: unfinished === undefined ? 'made' : 'resumed', keyId: newest.id })
  if (!newest.ready) {
    await settle()
    await store.of(tenantId).change(({ rows }) => makeReady(rows, newest.number))
  }
  // What is sealed by an older key from now on was sealed by who asked before.
  await settle()
  await resealAll(options, newest)
  await dropUnused(options, newest)
}

const resealAll = async (options: RotationOptions, newest: TenantKey): Promise<void> => {
  const { store, tenantId, masters, clock, sealed, onStep } = options
  const tenant = store.of(tenantId)
  const keys = await tenant.read((rows) => readKeys(rows, { tenantId, masters, now: clock.now() }))
  const sealer = sealerOf(tenantId, keys)
  for (const column of sealed) {
    const onRows = (rows: number) => onStep({ kind: 'sealed', table: column.table, rows })
    await resealTable(tenant, column, { sealer, keyId: newest.id, onRows })
  }
}

const dropUnused = async ({ store, tenantId, masters, clock, sealed, onStep }: RotationOptions, newest: TenantKey) => {
  const tenant = store.of(tenantId)
  const keys = await tenant.read((rows) => readKeys(rows, { tenantId, masters, now: clock.now() }))
  for (const { id, number } of keys) {
    if (number >= newest.number) continue
    const rows = await tenant.change(async (change) => {
      const used = await countSealedBy(change.rows, sealed, id)
      if (used === 0) await dropKey(change.rows, number)
      return used
    })
    onStep(rows === 0 ? { kind: 'dropped', keyId: id } : { kind: 'kept', keyId: id, rows })
  }
}

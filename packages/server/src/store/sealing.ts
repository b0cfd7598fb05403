/** Gives out sealers: the tenant's keys as they were a few seconds ago, which a rotation waits for. Owns what it remembers. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { tenantName } from '../model/tenant-name.ts'
import type { TransactionKind } from './backend.ts'
import { decrypt, encrypt } from './cipher.ts'
import { type MasterKeys, notConfigured } from './master-keys.ts'
import type { Rows, Sealer } from './store.ts'
import { addKey, readKeys, sealingKey, type TenantKey } from './tenant-keys.ts'

/** A transaction over one tenant's rows, without a journal. */
export type WithRows = <T>(kind: TransactionKind, tenantId: string, work: (rows: Rows) => Promise<T>) => Promise<T>

export type Sealers = {
  /** @throws FanfareError `unavailable`; `internal` when a key cannot be unwrapped */
  of(tenantId: string): Promise<Sealer>
}

export type SealersOptions = { readonly masters: MasterKeys; readonly clock: Clock; readonly withRows: WithRows }

/** For so long a node may know less than the store. */
export const keysKnownMs = 5_000

/** Tenants whose keys are remembered. */
const mostTenants = 10_000

type Known = { readonly at: number; readonly sealer: Sealer }

export const createSealers = ({ masters, clock, withRows }: SealersOptions): Sealers => {
  if (!masters.configured) return { of: async () => plainSealer }
  const known = new Map<string, Known>()
  const loading = new Map<string, Promise<Sealer>>()

  const load = async (tenantId: string): Promise<Sealer> => {
    const at = clock.now()
    const parts = { tenantId, masters, now: at }
    const read = () => withRows('read', tenantId, (rows) => readKeys(rows, parts))
    let keys = await read()
    if (sealingKey(keys) === undefined) {
      await withRows('change', tenantId, (rows) => addKey(rows, parts, { number: 1, ready: true }))
      keys = await read()
    }
    const sealer = sealerOf(tenantId, keys, () => known.delete(tenantId))
    known.delete(tenantId)
    known.set(tenantId, { at, sealer })
    const [oldest] = known.keys()
    if (known.size > mostTenants && oldest !== undefined) known.delete(oldest)
    return sealer
  }

  return {
    async of(tenantId) {
      const one = known.get(tenantId)
      const age = one && clock.now() - one.at
      if (one && age !== undefined && age >= 0 && age < keysKnownMs) return one.sealer
      const running = loading.get(tenantId) ?? load(tenantId).finally(() => loading.delete(tenantId))
      loading.set(tenantId, running)
      return running
    },
  }
}

/** @param onUnknown a row names a key that is not among these: there may be newer ones */
export const sealerOf = (tenantId: string, keys: readonly TenantKey[], onUnknown = () => {}): Sealer => {
  const sealing = sealingKey(keys)
  const byId = new Map(keys.map(({ id, key }) => [id, key]))
  return {
    seal(text, about) {
      if (sealing === undefined) throw new FanfareError('internal', `Tenant ${tenantId} has no key that seals.`)
      return { text: encrypt(sealing.key, Buffer.from(text), tenantName(tenantId, about)), keyId: sealing.id }
    },
    open({ text, keyId }, about) {
      if (keyId === null) return text
      const key = byId.get(keyId)
      if (key === undefined) {
        onUnknown()
        throw new FanfareError('internal', `The key ${keyId} of tenant ${tenantId} is not in the store.`)
      }
      try {
        return decrypt(key, text, tenantName(tenantId, about)).toString()
      } catch (cause) {
        throw new FanfareError('internal', `A sealed text (${about}) was changed or moved.`, { cause })
      }
    },
  }
}

/** Where no key is configured, texts stay as they are. */
export const plainSealer: Sealer = {
  seal: (text) => ({ text, keyId: null }),
  open({ text, keyId }) {
    if (keyId === null) return text
    throw new FanfareError('internal', notConfigured)
  },
}

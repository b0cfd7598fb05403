/**
 * `fanfare tenant erase`: takes all that a tenant has out of wherever it is kept, beside running nodes where they share Redis, and
 * looks afterwards whether anything is left. Again, it does what is left to do.
 */
import { resolve } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { openBacking } from '../backing.ts'
import type { Config } from '../config.ts'
import { eraseChain } from '../features/audit/erase-chain.ts'
import { signerOf } from '../features/audit/signing.ts'
import { auditSchema } from '../features/audit/tables.ts'
import { systemClock } from '../lib/clock.ts'
import { Closing } from '../lib/closing.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { checkTenant, type RoomKey } from '../model/room-key.ts'
import { openDataFolder } from '../store/data-folder.ts'
import { auditSecret } from './audit-secret.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { keepInAudit, withoutKeys } from './tenant-audit.ts'
import { countOf, type TenantPart } from './tenant-parts.ts'
import { notCovered, type TenantPlaces, withTenant } from './tenant-places.ts'
import { roomsIn } from './tenant-redis.ts'
import type { Terminal } from './terminal.ts'

type EraseOptions = SettingOptions & { readonly tenant: string; readonly confirm?: string; readonly audit?: true }

const about = `
The tenant's audit stays, with an entry that says what was erased; --audit erases it too, but for a signed statement that it
was. A node that is alone must be stopped; nodes that share Redis may run. Let the tenant's tokens end first: whoever still
has one can come back and say something new. Interrupted, run it again.`

export const addTenantErase = (tenant: Command, terminal: Terminal): void => {
  withSettings(tenant.command('erase'))
    .description('erase all that a tenant has, for good')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--confirm <id>', 'the tenant once more')
    .option('--audit', 'its audit too')
    .addHelpText('after', about)
    .action(async (options: EraseOptions) => {
      if (!(await eraseTenant(terminal, options))) throw new CommanderError(1, 'fanfare.failed', 'Something is left.')
    })
}

type Erasing = {
  readonly terminal: Terminal
  readonly config: Config
  readonly tenantId: string
  readonly audit: 'kept' | 'erased'
}

/** @returns whether nothing is left */
const eraseTenant = async (terminal: Terminal, options: EraseOptions): Promise<boolean> => {
  const tenantId = checkTenant(options.tenant)
  if (options.confirm !== tenantId) {
    throw new Error(`This cannot be undone. To erase all that ${tenantId} has, add: --confirm ${tenantId}`)
  }
  const config = await settle(terminal, options)
  const erasing: Erasing = { terminal, config, tenantId, audit: options.audit ? 'erased' : 'kept' }
  const closing = new Closing(silentLog)
  try {
    if (config.redisUrl === undefined) {
      const folder = await openDataFolder(resolve(terminal.folder, config.dataFolder))
      closing.push(async () => folder.close())
    }
    const left = await withTenant({ terminal, config, tenantId, to: 'erase' }, (places) => eraseAll(erasing, places))
    await eraseAudit(erasing)
    for (const what of notCovered(config, 'erase')) terminal.note(`Not reached: ${what}`)
    if (left.length === 0) terminal.note(`Nothing of ${tenantId} is left.`)
    for (const { name, rows } of left)
      terminal.note(`${name} still has ${rows}: it is being written to. Run this again.`)
    return left.length === 0
  } finally {
    await closing.close()
  }
}

type Left = { readonly name: string; readonly rows: number }

/** What comes while it is at work goes in the next round. */
const rounds = 3

const eraseAll = async (erasing: Erasing, places: TenantPlaces): Promise<readonly Left[]> => {
  const erased = new Map<string, number>()
  const parts = places.parts.filter(({ name }) => !isAudit(name))
  let left: readonly Left[] = []
  for (let round = 0; round < rounds; round++) {
    await eraseOnce(erasing, { ...places, parts }, erased)
    left = await whatIsLeft(parts)
    if (left.length === 0) break
  }
  for (const [name, rows] of erased) if (rows > 0) erasing.terminal.out(`${name}  ${rows}`)
  return left
}

const isAudit = (name: string): boolean => auditSchema.tables.some((table) => name === `store/${table}`)

/** The store first: nodes that are told that they lost a room read it again, and must find nothing. */
const eraseOnce = async (
  erasing: Erasing,
  { parts, redis }: TenantPlaces,
  erased: Map<string, number>,
): Promise<void> => {
  const erase = async (part: TenantPart) => {
    erased.set(part.name, (erased.get(part.name) ?? 0) + (await part.erase()))
  }
  for (const part of parts) if (part.name.startsWith('store/')) await erase(part)
  if (redis) {
    const rooms: RoomKey[] = []
    for await (const room of roomsIn(redis, erasing.tenantId)) rooms.push(room)
    await tellNodes(erasing, rooms)
  }
  for (const part of parts) if (!part.name.startsWith('store/')) await erase(part)
}

const whatIsLeft = async (parts: readonly TenantPart[]): Promise<readonly Left[]> => {
  const left: Left[] = []
  for (const part of parts) {
    const rows = await countOf(part)
    if (rows > 0) left.push({ name: part.name, rows })
  }
  return left
}

const sessionsAtOnce = 1_000

/** Nodes that run end the tenant's sessions, and serve nothing of its rooms any more. */
const tellNodes = async ({ config, tenantId }: Erasing, rooms: readonly RoomKey[]): Promise<void> => {
  const closing = new Closing(silentLog)
  try {
    const parts = { config, clock: systemClock, log: silentLog, metrics: noMetrics }
    const { engine } = await openBacking(parts, closing)
    closing.push(await engine.log.start({ deliver() {}, lost() {} }))
    closing.push(await engine.bus.start(() => {}))
    closing.push(await engine.directory.start({ find: () => undefined, of: () => [], count: () => nobody }))
    const sessions = await engine.directory.list(tenantId, { limit: sessionsAtOnce })
    for (const userId of new Set(sessions.map((session) => session.userId))) {
      await engine.bus.send({ type: 'disconnect', tenantId, userId })
    }
    // However it was kept: all of it goes.
    const log = { keep: 1, forMs: 1, durable: true } as const
    for (const key of new Set(rooms)) await engine.log.forget({ key, log })
  } finally {
    await closing.close()
  }
}

const nobody = { sessions: 0, users: 0, rooms: 0, sessionsByRoom: {}, sessionsByUser: {} } as const

const eraseAudit = async ({ terminal, config, tenantId, audit }: Erasing): Promise<void> => {
  const entry = { tenantId, action: 'data.erased', actor: { kind: 'operator' }, detail: { audit } } as const
  if (audit === 'kept') {
    await keepInAudit({ terminal, config }, entry)
    return
  }
  const signer = signerOf(await auditSecret(terminal, config))
  await withTenant({ terminal, config: withoutKeys(config), tenantId, to: 'erase' }, async ({ opened }) => {
    if (!opened?.schemas.includes(auditSchema)) return
    const { auditCheckpoints: file } = config
    const erased = await eraseChain(opened.store, { entry, signer, file, now: systemClock.now() })
    terminal.out(`store/audit_entry  ${erased}`)
  })
}

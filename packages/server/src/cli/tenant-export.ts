/**
 * `fanfare tenant export`: all that a tenant has, as lines of JSON, a file for each part, beside running nodes. A row at a time,
 * into a folder that is there only once it is whole.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { checkTenant } from '../model/room-key.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { keepInAudit } from './tenant-audit.ts'
import type { TenantPart } from './tenant-parts.ts'
import { notCovered, withTenant } from './tenant-places.ts'
import type { Terminal } from './terminal.ts'

type ExportOptions = SettingOptions & { readonly tenant: string; readonly to: string }

export const addTenantExport = (tenant: Command, terminal: Terminal): void => {
  withSettings(tenant.command('export'))
    .description('write all that a tenant has into a new folder, as lines of JSON')
    .requiredOption('--tenant <id>', 'the tenant')
    .requiredOption('--to <folder>', 'a folder that does not exist yet')
    .action((options: ExportOptions) => exportTenant(terminal, options))
}

export type ExportedPart = {
  readonly part: string
  readonly file: string
  readonly rows: number
  readonly sha256: string
}

export type Manifest = {
  readonly format: 'fanfare tenant export 1'
  readonly tenant: string
  /** ISO 8601. What changed in between is there as it was before or after. */
  readonly began: string
  readonly ended: string
  readonly parts: readonly ExportedPart[]
  readonly notCovered: readonly string[]
}

const exportTenant = async (terminal: Terminal, options: ExportOptions): Promise<void> => {
  const tenantId = checkTenant(options.tenant)
  const to = resolve(terminal.folder, options.to)
  if (existsSync(to)) throw new Error(`${to} is there already. Give a folder that does not exist yet.`)
  const config = await settle(terminal, options)
  const partial = `${to}.partial-${randomBytes(4).toString('hex')}`
  const now = () => new Date(terminal.clock.now()).toISOString()
  const began = now()
  // Before anything is given out.
  await keepInAudit({ terminal, config }, { tenantId, action: 'data.exported', actor: { kind: 'operator' } })
  await mkdir(partial, { recursive: true, mode: 0o700 })
  try {
    const exported = await withTenant({ terminal, config, tenantId, to: 'read' }, async ({ parts }) => {
      const done: ExportedPart[] = []
      for (const part of parts) done.push(await writePart(partial, part))
      return done
    })
    const about = { format: 'fanfare tenant export 1', tenant: tenantId, began, ended: now() } as const
    const manifest: Manifest = { ...about, parts: exported, notCovered: notCovered(config, 'export') }
    await writeFile(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: 0o600,
      flush: true,
    })
    await rename(partial, to)
    for (const { part, rows } of exported) if (rows > 0) terminal.out(`${part}  ${rows}`)
    const rows = exported.reduce((sum, part) => sum + part.rows, 0)
    terminal.note(`Exported ${rows} rows of ${tenantId} to ${to}.`)
    for (const what of manifest.notCovered) terminal.note(`Not in it: ${what}`)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

/** Bytes that wait to be written. */
const chunkBytes = 256 * 1024

const writePart = async (folder: string, part: TenantPart): Promise<ExportedPart> => {
  const name = `${part.name.replaceAll('/', '.')}.ndjson`
  const hash = createHash('sha256')
  const file = await open(join(folder, name), 'wx', 0o600)
  let rows = 0
  let waiting = ''
  const write = async () => {
    hash.update(waiting)
    await file.writeFile(waiting)
    waiting = ''
  }
  try {
    for await (const row of part.rows()) {
      rows++
      waiting += `${JSON.stringify(row)}\n`
      if (waiting.length >= chunkBytes) await write()
    }
    await write()
    await file.sync()
  } finally {
    await file.close()
  }
  return { part: part.name, file: name, rows, sha256: hash.digest('hex') }
}

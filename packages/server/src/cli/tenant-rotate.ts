/** `fanfare tenant rotate-key`: seals what a tenant's rows say by a new key, beside running nodes. */
import type { Command } from 'commander'
import { features } from '../features.ts'
import { checkTenant } from '../model/room-key.ts'
import { masterKeys } from '../store/master-keys.ts'
import { type RotationStep, rotateKey } from '../store/rotate-key.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { withStoreToChange } from './store-to-change.ts'
import type { Terminal } from './terminal.ts'

type RotateOptions = SettingOptions & { readonly tenant: string; readonly json?: true }

const examples = `
Examples:
  fanfare tenant rotate-key --tenant clinic

To replace a master key, put a new one in front of FANFARE_ENCRYPTION_KEYS on every node, restart them, rotate the key of
every tenant, and take the old one away. Interrupted, run it again: it goes on where it stood.`

export const addRotateKey = (tenant: Command, terminal: Terminal): void => {
  withSettings(tenant.command('rotate-key'))
    .description('make a new key for a tenant, seal all of its rows by it, and drop the old ones')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--json', 'one JSON object a step')
    .addHelpText('after', examples)
    .action((options: RotateOptions) => rotate(terminal, options))
}

const rotate = async (terminal: Terminal, options: RotateOptions): Promise<void> => {
  const tenantId = checkTenant(options.tenant)
  const config = await settle(terminal, options)
  const masters = masterKeys(config.encryptionKeys)
  const own = features.map(({ schema }) => schema)
  await withStoreToChange({ terminal, config, schemas: own }, async ({ store, schemas }) => {
    let rows = 0
    await rotateKey({
      store,
      tenantId,
      masters,
      clock: terminal.clock,
      sealed: schemas.flatMap((schema) => schema.sealed ?? []),
      onStep: (step) => {
        if (step.kind === 'sealed') rows += step.rows
        if (options.json) terminal.out(JSON.stringify(step))
        else terminal.note(sayingOf(step, rows))
      },
    })
  })
}

const sayingOf = (step: RotationStep, rows: number): string => {
  switch (step.kind) {
    case 'made':
      return `Made the key ${step.keyId}.`
    case 'resumed':
      return `Going on with the key ${step.keyId}, which was not brought to its end.`
    case 'waiting':
      return `Waiting ${step.ms / 1000} s, so that every node knows.`
    case 'sealed':
      return `Sealed ${rows} rows (${step.table}).`
    case 'dropped':
      return `Dropped the key ${step.keyId}.`
    case 'kept':
      return `Kept the key ${step.keyId}: ${step.rows} rows still need it. Run this again in a minute.`
  }
}

/** `fanfare migrate`: brings the tables of the store to what this version knows, before nodes of it start. */
import type { Command } from 'commander'
import { features } from '../features.ts'
import { openDataFolder } from '../store/data-folder.ts'
import { allSchemas } from '../store/open-store.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { nameOfStore, openBackend } from './store-to-change.ts'
import type { Terminal } from './terminal.ts'

type MigrateOptions = SettingOptions & { readonly check?: true }

const examples = `
Examples:
  DATABASE_URL=postgres://fanfare@db/fanfare fanfare migrate
  fanfare migrate --check      # changes nothing; ends with 1 when something is to be done

All of it is one transaction: it is done whole or not at all, and of those who run it at once one does it. Nodes of the
version before go on meanwhile. In development, and for SQLite in a data folder, a node does it by itself when it starts.`

export const addMigrate = (program: Command, terminal: Terminal): void => {
  withSettings(program.command('migrate'))
    .description('make or change the tables of the store, as this version needs them')
    .option('--check', 'only say what would run; exit code 1 if anything would')
    .addHelpText('after', examples)
    .action(async (options: MigrateOptions, command: Command) => {
      const pending = await migrate(terminal, options)
      if (pending > 0) command.error('', { code: 'fanfare.failed', exitCode: 1 })
    })
}

/** @returns how many are still to be done */
const migrate = async (terminal: Terminal, options: MigrateOptions): Promise<number> => {
  const config = await settle(terminal, options)
  const place = { terminal, config }
  const schemas = allSchemas(features.map(({ schema }) => schema))
  // The file of a data folder is one process's.
  const folder = config.databaseUrl === undefined ? await openDataFolder(folderOf(nameOfStore(place))) : undefined
  const backend = openBackend(place)
  try {
    const names = options.check ? await backend.pending(schemas) : await backend.migrate(schemas)
    for (const name of names) terminal.out(`${options.check ? 'to run' : 'ran'}  ${name}`)
    terminal.note(verdict(names.length, options.check === true ? 'check' : 'run', nameOfStore(place)))
    return options.check ? names.length : 0
  } finally {
    await backend.close()
    folder?.close()
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

const verdict = (count: number, how: 'check' | 'run', where: string): string => {
  if (count === 0) return `${where} is as this version needs it.`
  return how === 'check' ? `${where} lacks ${count} migrations. Run: fanfare migrate` : `${where}: ${count} migrations.`
}

/** `fanfare start`: runs a node with an application until it is told to stop. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import type { App } from '../app/app.ts'
import { findClientBundle } from '../client-bundle.ts'
import type { Config } from '../config.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { paintFor, type Terminal } from './terminal.ts'

const examples = `
Examples:
  fanfare start app.ts
  fanfare start app.ts --port 9000 --data /var/lib/fanfare
  FANFARE_MODE=production FANFARE_SECRET=… fanfare start app.ts --host 0.0.0.0`

export const addStart = (program: Command, terminal: Terminal): void => {
  withSettings(program.command('start'))
    .description('run a node with an application')
    .argument('<file>', 'the module whose default export (or export named app) is made by defineApp')
    .option('--host <address>', 'where to listen (FANFARE_HOST)')
    .option('--port <number>', 'where to listen; 0 takes a free port (FANFARE_PORT)')
    .option('--mode <mode>', 'development or production (FANFARE_MODE)')
    .addHelpText('after', examples)
    .action(async (file: string, options: SettingOptions) => {
      const config = await settle(terminal, options)
      const app = await loadApp(resolve(terminal.folder, file))
      // Loaded only here: the short commands need none of it.
      const [{ startServer }, { createLog }] = await Promise.all([import('../server.ts'), import('../log.ts')])
      const clientBundle = findClientBundle()
      const log = createLog(
        readByPeople(terminal, config) ? { ...config, logPretty: true, logErrorMessages: true } : config,
      )
      // One careless handler must not end the node under everybody's feet.
      terminal.onUncaught((error) => log.error({ error }, 'the application left an error uncaught'))
      const server = await startServer({ app, config, log, ...(clientBundle ? { clientBundle } : {}) })
      for (const line of banner(terminal, { config, url: server.url, file })) terminal.note(line)
      await untilStopped(terminal, server)
    })
}

/** Whoever develops at a terminal reads the log; a service's log is read by programs. */
const readByPeople = (terminal: Terminal, config: Config): boolean => config.mode === 'development' && terminal.colour

type Module = { readonly default?: unknown; readonly app?: unknown }

const isApp = (value: unknown): value is App =>
  typeof value === 'object' &&
  value !== null &&
  'room' in value &&
  typeof value.room === 'function' &&
  'reactions' in value

/** @throws Error that says what the file lacks */
export const loadApp = async (path: string): Promise<App> => {
  if (!existsSync(path)) throw new Error(`There is no file ${path}. Give the module that describes your application.`)
  const module = (await import(pathToFileURL(path).href)) as Module
  const app = [module.default, module.app].find(isApp)
  if (app !== undefined) return app
  throw new Error(`${path} exports no application. Write: export default defineApp({ rooms: { … } })`)
}

type Started = { readonly config: Config; readonly url: string; readonly file: string }

/** What somebody who just started a node wants to know. */
export const banner = (terminal: Terminal, { config, url, file }: Started): readonly string[] => {
  const paint = paintFor(terminal)
  const row = (name: string, value: string) => `  ${paint.dim(name.padEnd(8))} ${value}`
  const token = `npx fanfare token --tenant demo --user ann${config.dataFolder === '.fanfare' ? '' : ` --data ${config.dataFolder}`}`
  return [
    '',
    `  ${paint.bold(paint.green('Fanfare'))} runs ${file} in ${config.mode}`,
    '',
    row('address', paint.cyan(url)),
    row('API', `${url}/docs`),
    row('data', resolve(terminal.folder, config.dataFolder)),
    ...(config.mode === 'development' ? [row('token', token)] : []),
    row('stop', 'Ctrl-C'),
    '',
  ]
}

/** A terminal and a wrapper may both pass on one Ctrl-C; within this time it counts once. */
const sameSignalMs = 300

type Stoppable = { stop(): Promise<void> }

/** @throws Error when told to stop a second time */
export const untilStopped = async (terminal: Terminal, server: Stoppable): Promise<void> => {
  const { promise: first, resolve: begin } = Promise.withResolvers<void>()
  const { promise: second, reject: giveUp } = Promise.withResolvers<never>()
  let firstAt: number | undefined
  const off = terminal.onSignal(() => {
    if (firstAt === undefined) {
      firstAt = terminal.clock.now()
      begin()
    } else if (terminal.clock.now() - firstAt > sameSignalMs) {
      giveUp(new Error('Told to stop twice: ended without waiting for clients.'))
    }
  })
  try {
    await first
    terminal.note('Stopping: clients are told when to come back. Once more ends it at once.')
    await Promise.race([server.stop(), second])
    terminal.note('Stopped.')
  } finally {
    off()
  }
}

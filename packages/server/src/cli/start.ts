/** `fanfare start`: runs a node with an application until it is told to stop. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Command, Option } from 'commander'
import type { App } from '../app/app.ts'
import { findClientBundle } from '../client-bundle.ts'
import type { Config } from '../config.ts'
import type { Log } from '../lib/log.ts'
import { describeAddress, parseRedisAddress } from '../redis/address.ts'
import type { RunningServer } from '../server.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { paintFor, type Terminal } from './terminal.ts'
import { becomeWorker, logOfWorker } from './worker.ts'
import { countWorkers, findPort, supervise } from './workers.ts'

const examples = `
Examples:
  fanfare start app.ts
  fanfare start app.ts --port 9000 --data /var/lib/fanfare
  REDIS_URL=redis://127.0.0.1:6379 fanfare start app.ts --workers auto
  FANFARE_MODE=production FANFARE_SECRET=… fanfare start app.ts --host 0.0.0.0`

type StartOptions = SettingOptions & {
  readonly workers?: string
  /** Given by the supervisor, to each of its own. */
  readonly worker?: string
}

export const addStart = (program: Command, terminal: Terminal): void => {
  withSettings(program.command('start'))
    .description('run a node with an application')
    .argument('<file>', 'the module whose default export (or export named app) is made by defineApp')
    .option('--host <address>', 'where to listen (FANFARE_HOST)')
    .option('--port <number>', 'where to listen; 0 takes a free port (FANFARE_PORT)')
    .option('--mode <mode>', 'development or production (FANFARE_MODE)')
    .option('--workers <number>', 'so many nodes on one port, or auto for one a core; needs Redis (REDIS_URL)')
    .addOption(new Option('--worker <number>').hideHelp())
    .addHelpText('after', examples)
    .action(async (file: string, options: StartOptions) => {
      if (options.worker !== undefined) await startWorker(terminal, file, { ...options, worker: options.worker })
      else if (options.workers !== undefined && countWorkers(options.workers, terminal.processes) > 1) {
        await startWorkers(terminal, file, { ...options, workers: options.workers })
      } else await startAlone(terminal, file, options)
    })
}

const startAlone = async (terminal: Terminal, file: string, options: SettingOptions): Promise<void> => {
  const config = await settle(terminal, options)
  const log = await openLog(terminal, config)
  const server = await startNode(terminal, { file, config, log })
  for (const line of banner(terminal, { config, url: server.url, file })) terminal.note(line)
  await untilStopped(terminal, server)
}

type WithWorkers = SettingOptions & { readonly workers: string }

const startWorkers = async (terminal: Terminal, file: string, options: WithWorkers): Promise<void> => {
  const count = countWorkers(options.workers, terminal.processes)
  const config = await settle(terminal, options)
  if (config.redisUrl === undefined) throw new Error(workersNeedRedis)
  const { workers: _, ...same } = options
  const given = Object.entries({ ...same, port: await findPort(config) }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  await supervise(terminal, {
    count,
    words: (worker) => ['start', file, ...given, '--worker', String(worker)],
    shutdownMs: config.limits.shutdownMs,
    log: await openLog(terminal, config),
    up: ({ url, pids }) => {
      for (const line of banner(terminal, { config, url, file, pids })) terminal.note(line)
    },
  })
  terminal.note('Stopped.')
}

const workersNeedRedis =
  'Workers are nodes of their own, which share their rooms through Redis: set REDIS_URL (redis://127.0.0.1:6379), or start one node, without --workers.'

type AsWorker = SettingOptions & { readonly worker: string }

const startWorker = async (
  terminal: Terminal,
  file: string,
  { worker: number, ...options }: AsWorker,
): Promise<void> => {
  const { parent } = terminal.processes
  if (!parent) throw new Error('--worker is how --workers starts each of its own. Give --workers <number>.')
  // The supervisor has read the same settings, and has warned of them.
  const config = await settle({ ...terminal, note: () => {} }, options)
  const log = logOfWorker(await openLog(terminal, config), Number(number))
  const worker = becomeWorker(terminal, parent, log)
  const server = await startNode(terminal, { file, config, log, sharedPort: true })
  await Promise.all([
    worker.readiness({ url: server.url, canary: server.services.canary }),
    untilStopped(worker.terminal, server),
  ])
}

const openLog = async (terminal: Terminal, config: Config): Promise<Log> => {
  const { createLog } = await import('../log.ts')
  return createLog(readByPeople(terminal, config) ? { ...config, logPretty: true, logErrorMessages: true } : config)
}

type NodeOptions = { readonly file: string; readonly config: Config; readonly log: Log; readonly sharedPort?: boolean }

const startNode = async (terminal: Terminal, { file, ...options }: NodeOptions): Promise<RunningServer> => {
  const app = await loadApp(resolve(terminal.folder, file))
  // Loaded only here: the short commands need none of it.
  const { startServer } = await import('../server.ts')
  const clientBundle = findClientBundle()
  // One careless handler must not end the node under everybody's feet.
  terminal.onUncaught((error) => options.log.error({ error }, 'the application left an error uncaught'))
  return startServer({ app, ...options, ...(clientBundle ? { clientBundle } : {}) })
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

type Started = {
  readonly config: Config
  readonly url: string
  readonly file: string
  /** Of the workers, where there are some. */
  readonly pids?: readonly number[]
}

const placeOf = ({ folder }: Terminal, { dataFolder, redisUrl }: Config): [name: string, value: string] =>
  redisUrl === undefined
    ? ['data', resolve(folder, dataFolder)]
    : ['redis', describeAddress(parseRedisAddress(redisUrl))]

/** What somebody who just started a node wants to know. */
export const banner = (terminal: Terminal, { config, url, file, pids }: Started): readonly string[] => {
  const paint = paintFor(terminal)
  const row = (name: string, value: string) => `  ${paint.dim(name.padEnd(8))} ${value}`
  const token = `npx fanfare token --tenant demo --user ann${config.dataFolder === '.fanfare' ? '' : ` --data ${config.dataFolder}`}`
  return [
    '',
    `  ${paint.bold(paint.green('Fanfare'))} runs ${file} in ${config.mode}`,
    '',
    row('address', paint.cyan(url)),
    row('API', `${url}/docs`),
    ...(pids ? [row('workers', `${pids.length} (${pids.join(', ')}), looked after by ${terminal.processes.pid}`)] : []),
    row(...placeOf(terminal, config)),
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

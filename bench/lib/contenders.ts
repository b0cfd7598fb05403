/** Who is measured: what each is called, how it runs, how it was configured, and its version here, or why it is missing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, type ChildOptions } from './child.ts'
import { findCentrifugo, findNchan, nodeVersion } from './programs.ts'

export type Contender =
  | 'fanfare'
  | 'fanfare-lines'
  | 'fanfare-socketio'
  | 'fanfare-event-stream'
  | 'socketio'
  | 'bun-publish'
  | 'ws'
  | 'nchan'
  | 'nchan-event-stream'
  | 'centrifugo'

export type Found = { readonly version: string } | { readonly missing: string }

export type ContenderCard = {
  readonly label: string
  readonly child: Omit<ChildOptions, 'core'>
  /** In a few words for a sceptical reader; the whole is in `servers/`. */
  readonly configured: string
  find(): Found
}

const packageVersion = (path: string): string =>
  (JSON.parse(readFileSync(join(benchFolder, '..', path, 'package.json'), 'utf8')) as { readonly version: string })
    .version

const ourselves = {
  child: { runtime: 'bun', script: 'servers/fanfare.ts' },
  find: () => ({ version: packageVersion('packages/server') }),
} as const

const onNode = (name: string) => ({
  child: {
    runtime: 'node',
    flags: ['--expose-gc'],
    script: `servers/${name}.ts`,
    environment: { NODE_ENV: 'production' },
  } as const,
  find: () => ({ version: `${packageVersion(`node_modules/${name}`)}, Node ${nodeVersion()}` }),
})

const nchan = { child: { runtime: 'bun', script: 'servers/nchan.ts' }, find: findNchan } as const

export const contenders: { readonly [name in Contender]: ContenderCard } = {
  fanfare: { ...ourselves, label: 'Fanfare', configured: 'defaults, but for rate limits; native clients' },
  'fanfare-lines': {
    ...ourselves,
    label: 'Fanfare, joined frames',
    configured: 'the same server; native clients that read several frames a message',
  },
  'fanfare-socketio': {
    ...ourselves,
    label: 'Fanfare, Socket.IO',
    configured: 'the same server; Socket.IO clients, WebSocket only',
  },
  'fanfare-event-stream': {
    ...ourselves,
    label: 'Fanfare, event stream',
    configured: 'the same server; event streams, a native publisher',
  },
  socketio: {
    ...onNode('socket.io'),
    child: { ...onNode('socket.io').child, script: 'servers/socketio.ts' },
    label: 'Socket.IO',
    configured: 'WebSocket only, no compression, first requests dropped, as its performance page says',
  },
  'bun-publish': {
    child: { runtime: 'bun', script: 'servers/bun-publish.ts' },
    find: () => ({ version: `Bun ${process.versions.bun ?? 'unknown'}` }),
    label: 'bare Bun publish',
    configured: 'the control: server.publish and nothing else, no compression',
  },
  ws: { ...onNode('ws'), label: 'bare ws', configured: 'the broadcast of its README, a room a set; no compression' },
  nchan: {
    ...nchan,
    label: 'Nchan',
    configured: 'one worker, memory store, logs off; WebSocket subscribers; posts over one kept connection',
  },
  'nchan-event-stream': {
    ...nchan,
    label: 'Nchan, event stream',
    configured: 'the same server; EventSource subscribers',
  },
  centrifugo: {
    child: { runtime: 'bun', script: 'servers/centrifugo.ts' },
    find: findCentrifugo,
    label: 'Centrifugo',
    configured: 'memory engine, JSON protocol, tokens, no history; published by a client',
  },
}

/** A line of the result for each contender, missing ones too. */
export type ContenderLine = { readonly contender: string; readonly configured: string } & Found

export const describeContenders = (): readonly ContenderLine[] =>
  Object.values(contenders).map(({ label, configured, find }) => {
    const found = find()
    const state = 'missing' in found ? { missing: found.missing } : { version: found.version }
    return { contender: label, configured, ...state }
  })

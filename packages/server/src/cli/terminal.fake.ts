/** A terminal for tests: keeps the lines, answers fetches with what the test says. Owns no real stream. */
import { fakeClock } from '../lib/fake-clock.ts'
import type { Processes } from './processes.ts'
import type { Terminal } from './terminal.ts'

type Answer = (url: string, init: RequestInit) => Response | Promise<Response>
export type FakeTerminalOptions = Partial<Pick<Terminal, 'environment' | 'folder' | 'colour'>> & {
  readonly input?: string
  readonly processes?: Processes
  readonly answer?: Answer
}

const nobody: Answer = () => {
  throw new TypeError('connection refused')
}

const alone: Processes = {
  start: () => {
    throw new Error('This terminal starts no process.')
  },
  pid: 1_000,
  parent: undefined,
  onHangUp: () => () => {},
  cores: 4,
  sharesPorts: true,
}

export const fakeTerminal = (options: FakeTerminalOptions = {}) => {
  const {
    environment = {},
    folder = '/nowhere',
    colour = false,
    input = '',
    answer = nobody,
    processes = alone,
  } = options
  const lines: string[] = []
  const notes: string[] = []
  const listeners = new Set<() => void>()
  const clock = fakeClock(Date.parse('2026-01-02T03:04:05Z'))
  const terminal: Terminal = {
    out: (line) => void lines.push(line),
    note: (line) => void notes.push(line),
    colour,
    environment,
    folder,
    input: async () => input,
    fetch: async (url, init = {}) => answer(url, init),
    onUncaught: () => () => {},
    onSignal(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    processes,
    clock,
    random: () => 0.5,
  }
  return {
    terminal,
    clock,
    lines,
    get notes() {
      return notes.join('\n')
    },
    /** How many commands wait for a signal. */
    get listening() {
      return listeners.size
    },
    signal() {
      for (const listener of [...listeners]) listener()
    },
  }
}

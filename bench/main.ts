/** The benchmark: runs the scenarios that were named, or all; prints a table and one JSON line a figure; keeps both. Asserts no timing. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder } from './lib/child.ts'
import { describeContenders } from './lib/contenders.ts'
import { type Figure, tableOf } from './lib/figures.ts'
import { currentCommit, describeMachine } from './lib/machine.ts'
import type { ContenderState, Result } from './lib/results.ts'
import type { Scenario } from './lib/run.ts'
import { report } from './report/main.ts'
import { chat } from './scenarios/chat.ts'
import { connect } from './scenarios/connect.ts'
import { eventStream } from './scenarios/event-stream.ts'
import { fanout, largeRoom } from './scenarios/fanout.ts'
import { growth } from './scenarios/growth.ts'
import { idle } from './scenarios/idle.ts'
import { latency } from './scenarios/latency.ts'
import { presence } from './scenarios/presence.ts'
import { publish } from './scenarios/publish.ts'
import { redis } from './scenarios/redis.ts'
import { smallRooms } from './scenarios/small-rooms.ts'
import { soak } from './scenarios/soak.ts'
import { storm } from './scenarios/storm.ts'

const scenarios: { readonly [name: string]: Scenario } = {
  fanout,
  'large-room': largeRoom,
  'small-rooms': smallRooms,
  'event-stream': eventStream,
  idle,
  publish,
  connect,
  latency,
  storm,
  presence,
  growth,
  redis,
  chat,
}

/** Run only where they are named, because they take so long. */
const long: { readonly [name: string]: Scenario } = { soak }

const usage = `npm run bench [-- [--quick] [--minutes=60] scenario…]

Scenarios: ${Object.keys(scenarios).join(', ')}; all of them when none is named.
Only when named: ${Object.keys(long).join(', ')}, which follows every event for --minutes=60 while sessions come and go.
--quick    shorter rounds and fewer sessions: for a look, not for a figure.

npm run bench -- report [file…]

Writes docs/benchmarks.md and its charts from files of results, or again from those that are kept beside it. Each scenario
comes from the newest file that has it; docs/benchmarks/results.json may be one of them, to keep the scenarios that no other has.
`

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const args = process.argv.slice(2)
if (args[0] === 'report') {
  report(args.slice(1))
  process.exit(0)
}
const chosen = args.filter((arg) => !arg.startsWith('-'))
const minutes = args.find((arg) => /^--minutes=[1-9]\d*$/.test(arg))
const isKnown = (arg: string): boolean =>
  arg.startsWith('-') ? arg === '--quick' || arg === minutes : Object.hasOwn(scenarios, arg) || Object.hasOwn(long, arg)
const strange = args.filter((arg) => !isKnown(arg))
if (strange.length > 0) {
  say(args.includes('--help') ? usage : `${strange.join(', ')}: not known.\n\n${usage}`)
  process.exit(args.includes('--help') ? 0 : 2)
}

const [machine, commit] = [describeMachine(), currentCommit()]
say(
  Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', '),
)
/** Without what only this machine needs to know, such as where a program is. */
const contenders = describeContenders().map(({ contender, configured, ...found }): ContenderState => {
  if ('missing' in found) say(`${contender} is missing: ${found.missing}`)
  return { contender, configured, ...('missing' in found ? { missing: found.missing } : { version: found.version }) }
})
const folder = join(benchFolder, 'results')
mkdirSync(folder, { recursive: true })
const path = join(folder, `${new Date().toISOString().replace(/[:.]/g, '-')}.json`)

const figures: Figure[] = []
const run = { quick: args.includes('--quick'), minutes: Number(minutes?.split('=')[1] ?? 60), progress: say }
for (const [name, scenario] of Object.entries({ ...scenarios, ...long })) {
  if (chosen.length > 0 ? !chosen.includes(name) : Object.hasOwn(long, name)) continue
  figures.push(...(await scenario(run)))
  // After each, so that what took an hour is not lost with what fails in the next.
  const result: Result = { at: new Date().toISOString(), commit, arguments: args, machine, contenders, figures }
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
}

process.stdout.write(`\n${tableOf(figures)}\n\n`)
for (const one of figures) process.stdout.write(`${JSON.stringify(one)}\n`)
say(`\nkept in ${path}`)

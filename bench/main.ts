/** The benchmark: runs the scenarios that were named, or all; prints a table and one JSON line a figure; keeps both. Asserts no timing. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder } from './lib/child.ts'
import { type Figure, tableOf } from './lib/figures.ts'
import { describeMachine } from './lib/machine.ts'
import type { Scenario } from './lib/run.ts'
import { chat } from './scenarios/chat.ts'
import { connect } from './scenarios/connect.ts'
import { fanout } from './scenarios/fanout.ts'
import { idle } from './scenarios/idle.ts'
import { publish } from './scenarios/publish.ts'
import { redis } from './scenarios/redis.ts'

const scenarios: { readonly [name: string]: Scenario } = { fanout, idle, publish, connect, redis, chat }

const usage = `npm run bench [-- [--quick] scenario…]

Scenarios: ${Object.keys(scenarios).join(', ')}; all of them when none is named.
--quick    shorter rounds and fewer sessions: for a look, not for a figure.
`

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const args = process.argv.slice(2)
const chosen = args.filter((arg) => !arg.startsWith('-'))
const strange = args.filter((arg) => (arg.startsWith('-') ? arg !== '--quick' : !Object.hasOwn(scenarios, arg)))
if (strange.length > 0) {
  say(args.includes('--help') ? usage : `${strange.join(', ')}: not known.\n\n${usage}`)
  process.exit(args.includes('--help') ? 0 : 2)
}

const machine = describeMachine()
say(
  Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', '),
)
const figures: Figure[] = []
for (const [name, scenario] of Object.entries(scenarios)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  figures.push(...(await scenario({ quick: args.includes('--quick'), progress: say })))
}

const at = new Date().toISOString()
const folder = join(benchFolder, 'results')
mkdirSync(folder, { recursive: true })
const path = join(folder, `${at.replace(/[:.]/g, '-')}.json`)
writeFileSync(path, `${JSON.stringify({ at, machine, arguments: args, figures }, null, 2)}\n`)

process.stdout.write(`\n${tableOf(figures)}\n\n`)
for (const one of figures) process.stdout.write(`${JSON.stringify(one)}\n`)
say(`\nkept in ${path}`)

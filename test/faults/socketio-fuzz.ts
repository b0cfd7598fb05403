/** S-06: a million packets and polling bodies to one server, and each hole that was found in Socket.IO's libraries. */
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'
import { attacks, isHarmed } from '../support/socketio-attacks.ts'
import { fuzz } from '../support/socketio-fuzz.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'
import { atMost, report } from '../support/verdict.ts'

const app = fileURLToPath(new URL('../../examples/socketio-conformance/app.ts', import.meta.url))
const megabyte = 1024 * 1024
const rounds = 20
const inRound = { packets: 47_500, payloads: 2_500 }

await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
const place = { url: server.url }
const residentMegabytes = async () => Math.round((await server.resident()) / megabyte)

for (const { id, title, run } of attacks) {
  const before = await residentMegabytes()
  const fault = (await run(place)) ?? (await isHarmed(place))
  const grown = (await residentMegabytes()) - before
  if (fault !== undefined) process.stderr.write(`${id}: ${fault}\n`)
  report({
    id,
    pass: fault === undefined && grown <= 150,
    metric: `MB that it took: ${title}`,
    value: grown,
    limit: 150,
  })
}

let faults = 0
let closed = 0
const resident: number[] = []
const seed = Date.now()
for (let round = 0; round < rounds; round++) {
  const outcome = await fuzz({ place, ...inRound, seed: seed + round * 10_000 })
  for (const fault of outcome.faults.slice(0, 5)) process.stderr.write(`${fault}\n`)
  faults += outcome.faults.length
  closed += outcome.closed
  resident.push(await residentMegabytes())
  process.stderr.write(`${(round + 1) * 50_000} sent, ${resident.at(-1)} MB\n`)
}
const harmed = await isHarmed(place)
if (harmed !== undefined) process.stderr.write(`${harmed}\n`)
const sent = rounds * (inRound.packets + inRound.payloads)
const metric = `wrong answers to ${sent} packets and bodies, of which ${closed} ended their connection`
atMost('S-06', metric, { value: faults + (harmed === undefined ? 0 : 1), limit: 0 })
// The first rounds fill the collector's room; what grows after them would grow for ever.
const growth = Math.max(0, (resident.at(-1) ?? 0) - Math.max(...resident.slice(0, rounds / 2)))
atMost('S-06-memory', 'MB by which the last round is above the most of the first half', { value: growth, limit: 50 })
process.exit()

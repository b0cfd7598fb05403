/** R-31 in full: 10,000 histories of three nodes over a broker that loses, doubles, delays, dies and goes back. A number plays that seed alone. */
import { failedSeeds } from '../../packages/server/src/engine/redis/simulation.world.ts'
import { atMost } from '../support/verdict.ts'

const seed = Number(process.argv[2])
const [from, to] = seed > 0 ? [seed, seed] : [1, 10_000]
const failed = await failedSeeds(from, to)
for (const one of failed.slice(0, 20)) process.stderr.write(`${one}\n`)
const metric = `of ${to - from + 1} histories, those with a hole, a repeat, two events at a place, or somebody left behind`
atMost('R-31', metric, { value: failed.length, limit: 0 })

/** R-30 at length: 100,000 commands against the model. Arguments `seed` and `path` of a failure play it again. */
import { checkModel } from '../support/model-check.ts'
import { atLeast, report } from '../support/verdict.ts'

const limit = 100_000
const [seed, path] = process.argv.slice(2)

try {
  const again = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) }
  const { commands, seed: used } = await checkModel(limit, again)
  process.stderr.write(`seed ${used}\n`)
  atLeast('R-30', 'commands that agree with the model', { value: commands, limit })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  report({ id: 'R-30', pass: false, metric: 'commands that agree with the model', value: 0, limit })
}
process.exit()

/**
 * Centrifugo, from CENTRIFUGO_PATH or PATH, with `centrifugo.json`, which has the format of version 6. Written from its
 * documentation; the project has not been able to run it.
 */
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { findCentrifugo } from '../lib/programs.ts'
import { secret } from '../lib/token.ts'
import { answers, freePort, residentOf, startProgram } from './program.ts'

const found = findCentrifugo()
if ('missing' in found) throw new Error(found.missing)

const port = await freePort()
// What it must not read from a file: where it listens, and the secret that the tokens of the load are signed with.
const program = startProgram(found.path, ['--config', join(benchFolder, 'servers/centrifugo.json')], {
  CENTRIFUGO_HTTP_SERVER_PORT: String(port),
  CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: secret,
})
await answers(program, `http://127.0.0.1:${port}/health`)

await answerQuestions({ port, processes: [program.pid] }, { memory: () => residentOf([program.pid]) })
await program.stop()
process.exit(0)

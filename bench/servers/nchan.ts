/** Nchan: nginx with a configuration of its own in a folder of its own, which go when the benchmark does. Works as root and not. */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { findNchan } from '../lib/programs.ts'
import { answers, childrenOf, freePort, residentOf, startProgram } from './program.ts'

const found = findNchan()
if ('missing' in found) throw new Error(found.missing)

const folder = mkdtempSync(join(tmpdir(), 'fanfare-bench-nchan-'))
// A worker of a master that is root is somebody else, who must reach its folders.
chmodSync(folder, 0o755)
const port = await freePort()
const nobodysGroup = /^nogroup:/m.test(readFileSync('/etc/group', 'utf8')) ? 'nogroup' : 'nobody'
const configuration = join(folder, 'nginx.conf')
const names: { readonly [name: string]: string } = {
  MODULE: found.module,
  USER: process.getuid?.() === 0 ? `user nobody ${nobodysGroup};` : '',
  FILES: '20000',
  FOLDER: folder,
  PORT: String(port),
}
const template = readFileSync(join(benchFolder, 'servers/nchan.conf'), 'utf8')
writeFileSync(
  configuration,
  template.replace(/\b(?:MODULE|USER|FILES|FOLDER|PORT)\b/g, (name) => names[name] ?? name),
)

const nginx = startProgram(found.nginx, ['-c', configuration, '-p', folder])
await answers(nginx, `http://127.0.0.1:${port}/status`)
const workers = childrenOf(nginx.pid)

await answerQuestions({ port, processes: workers }, { memory: () => residentOf(workers) })
await nginx.stop()
await rm(folder, { recursive: true, force: true })
process.exit(0)

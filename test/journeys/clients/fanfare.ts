/** The `fanfare` command as a child process, with what it printed. */
import { fileURLToPath } from 'node:url'
import { LineProgram } from './lines.ts'

const main = fileURLToPath(import.meta.resolve('@fanfare/server/main'))

export type Environment = { readonly [name: string]: string }

/** Started, and not waited for. */
export const startFanfare = (words: readonly string[], environment: Environment = {}): LineProgram => {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return new LineProgram('env', [...variables, process.execPath, main, ...words])
}

export type Ran = { readonly code: number | null; readonly lines: readonly string[]; readonly notes: string }

/** Run to its end. */
export const runFanfare = async (words: readonly string[], environment: Environment = {}): Promise<Ran> => {
  await using program = startFanfare(words, environment)
  const code = await program.ends()
  return { code, lines: program.lines, notes: program.notes }
}

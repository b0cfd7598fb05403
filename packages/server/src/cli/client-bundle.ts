/**
 * The browser's client as one ES module: the built one where the client package has it, else bundled from its source by
 * the runtime's own bundler when a page first asks. Nothing where the client package is not installed.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const entryOfClient = (): string | undefined => {
  try {
    return fileURLToPath(import.meta.resolve('@fanfare/client'))
  } catch {
    return undefined
  }
}

/** @returns undefined when pages cannot be given the client from here */
export const findClientBundle = (): (() => Promise<string>) | undefined => {
  const entry = entryOfClient()
  if (entry === undefined || !existsSync(entry)) return undefined
  const built = join(dirname(entry), 'fanfare.js')
  if (existsSync(built)) return () => readFile(built, 'utf8')
  return process.versions.bun === undefined ? undefined : () => bundle(entry)
}

/** @throws Error with what the bundler said */
const bundle = async (entry: string): Promise<string> => {
  const words = ['build', entry, '--format=esm', '--target=browser', '--minify']
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 16 * 1024 * 1024 })
  return stdout
}

/**
 * The browser's client as one ES module: the built one where the client package has it, else bundled from its source by
 * Bun, which npm installs with this package, when a page first asks. Nothing where the client package is not installed.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
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
  const bundler = findBundler()
  return bundler === undefined ? undefined : () => bundle(bundler, entry)
}

const findBundler = (): string | undefined => {
  if (process.versions.bun !== undefined) return process.execPath
  try {
    return join(dirname(createRequire(import.meta.url).resolve('bun/package.json')), 'bin/bun.exe')
  } catch {
    return undefined
  }
}

/** @throws Error with what the bundler said */
const bundle = async (bundler: string, entry: string): Promise<string> => {
  const words = ['build', entry, '--format=esm', '--target=browser', '--minify']
  const { stdout } = await promisify(execFile)(bundler, words, { maxBuffer: 16 * 1024 * 1024 })
  return stdout
}

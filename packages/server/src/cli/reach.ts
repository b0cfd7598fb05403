/** What `fanfare doctor` finds out by asking: the data folder or Redis, key sets, and the server itself. Changes nothing. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { keysOfSet, publicAlgorithms } from '../auth/keys.ts'
import type { Config } from '../config.ts'

import type { Finding } from './findings.ts'
import { postgresFindings } from './postgres-findings.ts'
import { redisFindings } from './redis-findings.ts'
import type { Terminal } from './terminal.ts'

const timeoutMs = 5_000
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const reachOf = async (terminal: Terminal, config: Config, url: string): Promise<readonly Finding[]> => [
  ...(config.redisUrl === undefined ? [dataFolder(resolve(terminal.folder, config.dataFolder))] : []),
  ...(await redisFindings(config)),
  ...(await postgresFindings(config)),
  ...(config.keysFile === undefined ? [] : [await keysFile(resolve(terminal.folder, config.keysFile))]),
  ...(config.jwksUrl === undefined ? [] : [await keySet(terminal, config.jwksUrl)]),
  await server(terminal, url),
]

const dataFolder = (path: string): Finding => {
  const about = 'data'
  if (!existsSync(path)) return { state: 'note', about, detail: `${path} is made at the first start` }
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    return { state: 'failed', about, detail: `${path} cannot be written: ${reasonOf(error)}` }
  }
  const open = (statSync(path).mode & 0o077) !== 0
  if (open)
    return { state: 'unsafe', about, detail: `${path} can be read by other users of this machine: chmod 700 it` }
  return { state: 'ok', about, detail: path }
}

const keysFile = async (path: string): Promise<Finding> => {
  const about = 'keys'
  try {
    const keys = await keysOfSet(JSON.parse(readFileSync(path, 'utf8')), publicAlgorithms)
    if (keys.length > 0) return { state: 'ok', about, detail: `${keys.length} in ${path}` }
    return { state: 'failed', about, detail: `${path} has no key that verifies tokens` }
  } catch (error) {
    return { state: 'failed', about, detail: `${path}: ${reasonOf(error)}` }
  }
}

const keySet = async (terminal: Terminal, url: string): Promise<Finding> => {
  const about = 'key set'
  try {
    const response = await terminal.fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    if (!response.ok) return { state: 'failed', about, detail: `${url} answers ${response.status}` }
    const keys = await keysOfSet(await response.json(), publicAlgorithms)
    return { state: keys.length > 0 ? 'ok' : 'failed', about, detail: `${keys.length} keys at ${url}` }
  } catch (error) {
    return { state: 'failed', about, detail: `${url} cannot be read: ${reasonOf(error)}` }
  }
}

const server = async (terminal: Terminal, url: string): Promise<Finding> => {
  const about = 'server'
  let response: Response
  try {
    response = await terminal.fetch(`${url}/ready`, { signal: AbortSignal.timeout(timeoutMs) })
  } catch {
    return { state: 'note', about, detail: `nothing runs at ${url}` }
  }
  await response.body?.cancel()
  if (response.ok) return { state: 'ok', about, detail: `ready at ${url}` }
  return { state: 'failed', about, detail: `${url}/ready answers ${response.status}` }
}

/** Reads the configuration that a command works with: file, environment, and what was typed. Owns no setting. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { TokenRules } from '../auth/tokens.ts'
import { type Config, type ConfigResult, readConfig } from '../config.ts'
import type { Terminal } from './terminal.ts'

/** Options shared by the commands that read the configuration. */
export type SettingOptions = {
  readonly config?: string
  readonly data?: string
  readonly host?: string
  readonly port?: string
  readonly mode?: string
}

export const withSettings = (command: Command): Command =>
  command
    .option('--config <file>', 'a JSON file with settings')
    .option('--data <folder>', 'where the node keeps its data (FANFARE_DATA_FOLDER)')

/** @throws Error when the file cannot be read; problems with what is in it are in the result */
export const readSettings = async (terminal: Terminal, options: SettingOptions): Promise<ConfigResult> => {
  const { config: path, data: dataFolder, host, port, mode } = options
  const file = path === undefined ? undefined : await readJson(resolve(terminal.folder, path))
  const commandLine = { dataFolder, host, port, mode }
  return readConfig({ file, environment: terminal.environment, commandLine })
}

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`The configuration file ${path} cannot be read: ${why}`)
  }
}

/** @throws Error that lists every problem */
export const settle = async (terminal: Terminal, options: SettingOptions): Promise<Config> => {
  const result = await readSettings(terminal, options)
  for (const warning of result.warnings) terminal.note(`Warning: ${warning}`)
  if (result.ok) return result.config
  const lines = result.problems.map((problem) => `  ${problem}`)
  throw new Error(`The configuration cannot be used:\n${lines.join('\n')}\nSee all settings: fanfare doctor --all`)
}

/** By what rules the node verifies tokens, so that those made here pass. */
export const tokenRulesOf = (config: Config): TokenRules => ({
  tenantClaims: config.tenantClaims,
  leewayMs: config.leewayMs,
  maxLifetimeMs: config.maxTokenLifetimeMs,
  ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
  ...(config.audience === undefined ? {} : { audience: config.audience }),
})

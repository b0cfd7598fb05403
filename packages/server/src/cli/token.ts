/** `fanfare token`: a token for a user, for trying things out and for servers that keep the secret here. */
import type { Command } from 'commander'
import { time } from '../lib/setting.ts'
import { type Claimant, claimsOf, collect, mintHere } from './mint.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'

type TokenOptions = SettingOptions & Claimant & { readonly tenant: string; readonly user: string; readonly ttl: string }

const examples = `
Examples:
  fanfare token --tenant clinic --user ann
  fanfare token --tenant clinic --user ann --role nurse --grant read:patient:42 --ttl 8h
  curl -H "Authorization: Bearer $(fanfare token --tenant clinic --user ann)" http://127.0.0.1:8080/v1/…`

export const addToken = (program: Command, terminal: Terminal): void => {
  withSettings(program.command('token'))
    .description('make a token for a user; prints the token and nothing else')
    .requiredOption('--tenant <id>', 'the tenant')
    .requiredOption('--user <id>', 'the user')
    .option('--role <name>', 'a role; may be repeated', collect)
    .option('--grant <grant>', 'a right such as read:patient:42 or read:patient:*; may be repeated', collect)
    .option('--ttl <time>', 'how long it is valid: 90s, 30m, 8h', '1h')
    .addHelpText('after', examples)
    .action(async (options: TokenOptions, command: Command) => {
      const ttlSeconds = secondsOf(options.ttl)
      if (ttlSeconds === undefined) command.error(`--ttl ${options.ttl} is no time. Write 90s, 30m or 8h.`)
      const config = await settle(terminal, options)
      terminal.out(await mintHere(terminal, config, { ...claimsOf(options), ttlSeconds }))
    })
}

const secondsOf = (text: string): number | undefined => {
  try {
    const seconds = Math.round(time({ default: 0, doc: '' }).parse(text) / 1000)
    return seconds > 0 ? seconds : undefined
  } catch {
    return undefined
  }
}

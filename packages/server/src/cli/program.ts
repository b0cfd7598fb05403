/** The `fanfare` command: its parts, and what an error becomes. Exit codes: 0 done, 1 failed, 2 not understood. */
import { FanfareError } from '@fanfare/protocol'
import { Command, CommanderError } from 'commander'
import { addAudit } from './audit.ts'
import { addDoctor } from './doctor.ts'
import { addKey } from './key.ts'
import { addMigrate } from './migrate.ts'
import { addPublish } from './publish.ts'
import { addStart } from './start.ts'
import { addTail } from './tail.ts'
import { addTenant } from './tenant.ts'
import { paintFor, type Terminal } from './terminal.ts'
import { addToken } from './token.ts'

const examples = `
Examples:
  fanfare start app.ts
  fanfare tail lobby --tenant clinic --user ann
  fanfare doctor

More about each: fanfare <command> --help`

const build = (terminal: Terminal, version: string): Command => {
  const program = new Command('fanfare')
    .description('The real-time server for multi-tenant applications in which a missed message matters.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .addHelpText('after', examples)
  const commands = [addStart, addToken, addPublish, addTail, addKey, addMigrate, addTenant, addAudit, addDoctor]
  for (const add of commands) add(program, terminal)
  quietly(program, terminal)
  return program
}

/** Commander writes through the terminal and never ends the process itself; the same for every command below. */
const quietly = (command: Command, terminal: Terminal): void => {
  command
    .exitOverride()
    .showHelpAfterError(`(fanfare ${command.parent ? `${command.name()} ` : ''}--help says more)`)
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      getOutHasColors: () => terminal.colour,
    })
  for (const child of command.commands) quietly(child, terminal)
}

/** Runs one command line, without the program's name. Resolves to the exit code; never throws. */
export const run = async (words: readonly string[], terminal: Terminal, version: string): Promise<number> => {
  try {
    await build(terminal, version).parseAsync([...words], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return codeOf(error)
    terminal.note(`${paintFor(terminal).red('Error:')} ${messageOf(error)}`)
    return 1
  }
}

const codeOf = (error: CommanderError): number => {
  if (error.code === 'fanfare.failed') return 1
  return error.exitCode === 0 ? 0 : 2
}

/** An error that was written for people says enough; any other is a defect, and its stack says where. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const meant = error instanceof FanfareError || error.constructor === Error
  return meant ? error.message : (error.stack ?? error.message)
}

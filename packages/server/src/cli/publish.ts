/** `fanfare publish`: one event into a room, over HTTP. */
import type { PublishResult } from '@fanfare/protocol'
import type { Command } from 'commander'
import { refusalOf, request, type ServerOptions, serverAt, withServer } from './server-at.ts'
import { paintFor, type Terminal } from './terminal.ts'

type PublishOptions = ServerOptions & { readonly key?: string; readonly json?: true }

const examples = `
Examples:
  fanfare publish patient:42:vitals patient.vitals.update '{"heartRate":72}' --api-key ff_…
  echo '{"text":"hi"}' | fanfare publish lobby message.created - --tenant clinic --user ann
  fanfare publish lobby message.created '{"text":"hi"}' --key order-17   # at most once`

export const addPublish = (program: Command, terminal: Terminal): void => {
  withServer(program.command('publish'))
    .description('publish one event into a room')
    .argument('<room>', 'such as patient:42:vitals')
    .argument('<event>', 'its type, such as patient.vitals.update')
    .argument('[data]', 'JSON, or - to read it from standard input', '{}')
    .option('--key <text>', 'publish once, however often this is repeated with the same key')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (room: string, event: string, data: string, options: PublishOptions, command: Command) => {
      const text = data === '-' ? await terminal.input() : data
      const parsed = parseData(text)
      if (!parsed.ok) command.error(`The data is no JSON (${parsed.why}). Put it in single quotes: '{"text":"hi"}'`)
      const { url, authorization } = await serverAt(terminal, options)
      const response = await request(terminal, `${url}/v1/rooms/${encodeURIComponent(room)}/events`, {
        method: 'POST',
        headers: { authorization: await authorization(), 'content-type': 'application/json' },
        body: JSON.stringify({ event, data: parsed.data, ...(options.key === undefined ? {} : { key: options.key }) }),
      })
      if (!response.ok) throw await refusalOf(response)
      const result = (await response.json()) as PublishResult
      terminal.out(options.json ? JSON.stringify(result) : resultLine(terminal, result))
    })
}

type Parsed = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly why: string }

const parseData = (text: string): Parsed => {
  try {
    return { ok: true, data: JSON.parse(text) }
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) }
  }
}

const resultLine = (terminal: Terminal, result: PublishResult): string => {
  const paint = paintFor(terminal)
  const how = result.duplicate ? paint.yellow('was there already') : paint.green(`safe on ${result.durability}`)
  return `${paint.cyan(result.room)} #${result.offset} ${how} ${paint.dim(result.id)}`
}

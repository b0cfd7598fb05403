/** The client on Node, from its TypeScript source, against a server: the smoke test of its package, over both transports. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'
import { LineProgram } from './clients/lines.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const node = pathOf('node_modules/.bin/node')
const smoke = pathOf('packages/client/test/node.smoke.mjs')

test.each(['websocket', 'event-stream'])(
  'on Node it connects, publishes, hears and reads over a %s',
  async (transport) => {
    await using world = await startWorld({ app: clinic })
    const environment = {
      FANFARE_URL: world.url,
      FANFARE_TOKEN: await world.token('ann'),
      FANFARE_TRANSPORT: transport,
      FANFARE_ROOM: 'ward:1',
      FANFARE_EVENT: 'message.created',
      FANFARE_DATA: '{"text":"from Node"}',
    }
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    await using run = new LineProgram('env', [...variables, node, '--test', '--test-reporter=tap', smoke])
    const code = await run.ends()
    const counts = run.lines.filter((line) => /^# (pass|fail|skipped) /.test(line))
    expect({ code, counts }, run.lines.join('\n')).toEqual({ code: 0, counts: ['# pass 3', '# fail 0', '# skipped 0'] })
    const reader = await world.person('reader')
    expect((await reader.reads('ward:1')).events).toMatchObject([{ data: { text: 'from Node' } }])
  },
)

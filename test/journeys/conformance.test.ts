/** The protocol's dialogues, played against a real server over real sockets. */
import { afterAll, expect, test } from 'bun:test'
import { dialogues, play, type Stage, type StageLink } from '@fanfare/protocol/vectors/index.ts'
import { command, defineApp } from '@fanfare/server'
import { startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'

const Said = z.object({ text: z.string() })
const everybody = { events: { said: Said }, access: 'tenant', publish: 'tenant' } as const

/** The application that the vectors' README describes. */
const app = defineApp({
  rooms: {
    'open:{id}': { ...everybody, presence: true },
    'short:{id}': { ...everybody, log: { keep: 3, for: '5m' } },
    'closed:{id}': { events: { said: Said }, access: () => false },
  },
  commands: { echo: command(Said, (_, input) => input) },
})

const world: World = await startWorld({ app })
afterAll(() => world[Symbol.asyncDispose]())

const tokens = new Map<string, string>()
for (const user of ['ann', 'bob']) tokens.set(user, await world.token(user, { tenantId: 'mercy' }))

const stage = (run: string): Stage => ({
  run,
  token: (user) => tokens.get(user)!,
  async open(): Promise<StageLink> {
    const actor = await world.open('a link')
    return {
      send: (text) => actor.sendsRaw(text),
      hear: async () =>
        JSON.stringify(await actor.frames.take('the next frame', (_frame): _frame is typeof _frame => true)),
      closed: async () => (await actor.closed).code,
    }
  },
})

for (const [index, dialogue] of dialogues.entries()) {
  test(dialogue.name, async () => {
    expect(await play(dialogue, stage(`run${index}`))).toBeUndefined()
  })
}

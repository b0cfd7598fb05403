/** A chat for tests: one room with an owner, a moderator, two members and an observer, and who is to be refused. */
import type { FanfareError, SentMessage } from '@fanfare/protocol'
import type { FeatureWorld } from '../feature.world.ts'
import { type FeatureWorldOptions, openFeature } from '../feature.world.ts'
import { chatFeature } from './chat.ts'
import type { NewMember } from './chat-api.ts'

export type ChatWorld = FeatureWorld<'chat'>

export const visit = 'visit-1'

export const visitors: readonly NewMember[] = [
  { userId: 'ann', role: 'owner' },
  { userId: 'mo', role: 'moderator' },
  { userId: 'bob' },
  { userId: 'cid' },
  { userId: 'olga', role: 'observer' },
]

export const openChat = async (options: FeatureWorldOptions<'chat'> = {}): Promise<ChatWorld> => {
  const world = await openFeature(chatFeature, options)
  await world.api().createRoom({ id: visit, title: 'Visit', members: visitors })
  return world
}

/** Says it in the visit. */
export const say = async (world: ChatWorld, userId: string, text: string): Promise<SentMessage['message']> =>
  (await world.api().send({ roomId: visit, userId, text })).message

/** The code of what it throws; `done` for what is not refused. */
export const codeOf = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked
    return 'done'
  } catch (error) {
    return (error as FanfareError).code ?? String(error)
  }
}

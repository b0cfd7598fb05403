/**
 * Members of two rooms on two nodes do whatever comes to their minds, at once; afterwards everything must fit together: numbers
 * without a hole, one effect for a key, receipts as they were told, and events that give the same messages as the store.
 */
import { expect } from 'bun:test'
import type { ChatMessage, FanfareError, Receipt, RoomEvent, SentMessage } from '@fanfare/protocol'
import fc from 'fast-check'
import type { ChatWorld } from './chat.world.ts'

const users = ['ann', 'bob', 'cid'] as const
type User = (typeof users)[number]

export type Deed = { readonly node: 0 | 1; readonly room: 0 | 1; readonly user: User } & (
  | { readonly does: 'send'; readonly key: number }
  | { readonly does: 'edit' | 'delete'; readonly which: number }
  | { readonly does: 'react'; readonly which: number; readonly reaction: string; readonly remove: boolean }
  | { readonly does: 'read' | 'delivered'; readonly number: number }
  | { readonly does: 'remove' | 'put' }
)

const who = { node: fc.constantFrom(0, 1), room: fc.constantFrom(0, 1), user: fc.constantFrom(...users) }
const which = fc.nat(5)

/** What is done at once, one heap after another. */
export const rounds: fc.Arbitrary<readonly (readonly Deed[])[]> = fc.array(
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ ...who, does: fc.constant('send'), key: fc.nat(8) }) },
      { weight: 2, arbitrary: fc.record({ ...who, does: fc.constantFrom('edit', 'delete'), which }) },
      {
        weight: 2,
        arbitrary: fc.record({
          ...who,
          does: fc.constant('react'),
          which,
          reaction: fc.constantFrom('a', 'b'),
          remove: fc.boolean(),
        }),
      },
      { weight: 3, arbitrary: fc.record({ ...who, does: fc.constantFrom('read', 'delivered'), number: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ ...who, does: fc.constantFrom('remove', 'put') }) },
    ),
    { minLength: 1, maxLength: 5 },
  ),
  { minLength: 1, maxLength: 4 },
) as fc.Arbitrary<readonly (readonly Deed[])[]>

let runs = 0

/** @param nodes two, over one store */
export const play = async (
  nodes: readonly [ChatWorld, ChatWorld],
  all: readonly (readonly Deed[])[],
): Promise<void> => {
  const rooms = [`run-${++runs}-a`, `run-${runs}-b`] as const
  for (const id of rooms) {
    await nodes[0].api().createRoom({ id, members: users.map((userId) => ({ userId, role: 'moderator' as const })) })
  }
  const sent: { readonly name: string; readonly answer: SentMessage }[] = []
  const present = new Map<string, Set<User>>(rooms.map((id) => [id, new Set<User>(users)]))
  for (const deeds of all) {
    const known = await Promise.all(rooms.map((id) => messagesOf(nodes[0], id, deeds)))
    const outcomes = await Promise.all(
      deeds.map(async (deed) => {
        const room = rooms[deed.room]
        try {
          const answer = await act(nodes[deed.node], room, { deed, known: known[deed.room]! })
          if (deed.does === 'send') {
            sent.push({ name: `${room} ${deed.user} ${deed.key}`, answer: answer as SentMessage })
          }
          return 'done'
        } catch (error) {
          return (error as FanfareError).code ?? String(error)
        }
      }),
    )
    expectRights(deeds, outcomes, (deed) => present.get(rooms[deed.room])!)
    // Of one who came and went at once nobody knows which was last, but for the room.
    const moved = new Set(deeds.filter(moves).map(({ room }) => rooms[room]))
    for (const id of moved) present.set(id, await membersOf(nodes[0], id))
  }
  expectOneEffect(sent)
  for (const id of rooms) await expectConsistent(nodes[1], id)
}

const moves = ({ does }: Deed): boolean => does === 'remove' || does === 'put'

type Doing = { readonly deed: Deed; readonly known: readonly string[] }

const act = (world: ChatWorld, roomId: string, { deed, known }: Doing): Promise<unknown> => {
  const chat = world.api()
  const { user: userId } = deed
  const id = 'which' in deed ? (known[deed.which] ?? 'none') : ''
  switch (deed.does) {
    case 'send':
      return chat.send({ roomId, userId, text: `${userId} ${deed.key}`, key: `${deed.key}` })
    case 'edit':
      return chat.edit({ roomId, id, userId, text: `edited by ${userId}` })
    case 'delete':
      return chat.delete({ roomId, id, userId })
    case 'react':
      return chat.react({ roomId, id, userId, reaction: deed.reaction, remove: deed.remove })
    case 'read':
    case 'delivered':
      return chat[deed.does](roomId, userId, deed.number)
    case 'remove':
      return chat.removeMember(roomId, userId)
    case 'put':
      return chat.putMembers(roomId, [{ userId, role: 'moderator' }])
  }
}

/** Where nobody's membership changed at the same time, members may send and others learn of no room. */
const expectRights = (
  deeds: readonly Deed[],
  outcomes: readonly string[],
  presentIn: (deed: Deed) => ReadonlySet<User>,
): void => {
  const allowed = ['done', 'not_found', 'forbidden']
  deeds.forEach((deed, index) => {
    expect(allowed).toContain(outcomes[index]!)
    const moving = deeds.some((other) => moves(other) && other.user === deed.user && other.room === deed.room)
    if (moving || (deed.does !== 'send' && deed.does !== 'read')) return
    expect(outcomes[index]).toBe(presentIn(deed).has(deed.user) ? 'done' : 'not_found')
  })
}

const membersOf = async (world: ChatWorld, roomId: string): Promise<Set<User>> =>
  new Set((await world.api().members(roomId)).members.map(({ userId }) => userId as User))

/** The ids of what was said, where one of these deeds is about it. */
const messagesOf = async (world: ChatWorld, roomId: string, deeds: readonly Deed[]): Promise<readonly string[]> => {
  if (!deeds.some((deed) => 'which' in deed)) return []
  const [reader] = (await world.api().members(roomId)).members
  if (!reader) return []
  return (await world.api().messages(roomId, reader.userId)).messages.map(({ id }) => id)
}

const expectOneEffect = (sent: readonly { readonly name: string; readonly answer: SentMessage }[]): void => {
  for (const [, answers] of Map.groupBy(sent, ({ name }) => name)) {
    expect(new Set(answers.map(({ answer }) => answer.message.id)).size).toBe(1)
    expect(answers.filter(({ answer }) => !answer.duplicate)).toHaveLength(1)
  }
}

const expectConsistent = async (world: ChatWorld, roomId: string): Promise<void> => {
  const events = (await world.of().history(`chat:${roomId}`, { limit: 1_000 })).events
  expect(events.map(({ offset }) => offset)).toEqual(events.map((_, index) => index + 1))
  await world.api().putMembers(roomId, [{ userId: 'eve', role: 'observer' }])
  const { messages } = await world.api().messages(roomId, 'eve', { limit: 100 })
  expect(messages.map(({ number }) => number)).toEqual(messages.map((_, index) => index + 1))
  expect([...fold(events).values()]).toEqual([...messages])
  const { receipts, room } = await world.api().open(roomId, 'eve')
  expect(room.lastNumber).toBe(messages.length)
  const told = await toldReceipts(world, roomId, events)
  for (const receipt of receipts.kind === 'members' ? receipts.receipts : []) {
    if (receipt.userId === 'eve') continue
    expect(receipt).toEqual(told.get(receipt.userId) ?? receipt)
    expect((await world.api().open(roomId, receipt.userId)).unread).toBe(messages.length - receipt.read)
  }
  expect(room.members).toBe((await world.api().members(roomId)).members.length)
}

/** As a client does it: whatever an event says of a message takes its place. */
const fold = (events: readonly RoomEvent[]): ReadonlyMap<string, ChatMessage> => {
  const messages = new Map<string, ChatMessage>()
  for (const { type, data } of events) {
    if (!type.startsWith('message.')) continue
    const { message } = data as { readonly message: ChatMessage }
    messages.set(message.id, message)
  }
  return messages
}

/** Of those who stayed: what was told of each, and what they said themselves. Who left and came back began anew, and is left out. */
const toldReceipts = async (
  world: ChatWorld,
  roomId: string,
  events: readonly RoomEvent[],
): Promise<ReadonlyMap<string, Receipt>> => {
  const told = new Map<string, Receipt>(users.map((userId) => [userId, { userId, delivered: 0, read: 0 }]))
  const raise = ({ userId, delivered, read }: Receipt): void => {
    const before = told.get(userId)!
    told.set(userId, {
      userId,
      delivered: Math.max(before.delivered, delivered),
      read: Math.max(before.read, read),
    })
  }
  const page = await world.of().history(`chat:${roomId}:receipts`, { limit: 1_000 })
  for (const { data } of page.events) raise(data as Receipt)
  for (const { type, data } of events) {
    if (type !== 'message.created') continue
    const { message } = data as { readonly message: ChatMessage }
    raise({ userId: message.userId, delivered: message.number, read: message.number })
  }
  for (const { type, data } of events) if (type === 'member.left') told.delete((data as { userId: string }).userId)
  return told
}

import { expect, test } from 'bun:test'
import type { Member, ServerFrame } from '@fanfare/protocol'
import { type FakeSocket, FakeWorld, settle } from '../test/fake-server.ts'
import type { MemberChange } from './index.ts'

const member = (userId: string, state: Member['state'] = null): Member => ({ userId, state, since: '' })

const changed = (change: 'join' | 'update' | 'leave', who: Member): ServerFrame => ({
  type: 'presence',
  room: 'a',
  change,
  member: who,
})

/** Answers the latest question for who is there. */
const answers = async (socket: FakeSocket, members: readonly Member[]) => {
  const asked = socket.frames('presence').findLast((frame) => frame.state === undefined && !frame.leave)
  socket.says({ type: 'reply', id: asked!.id!, result: { room: 'a', members } as never })
  await settle()
}

/** A client that watches who is in room `a`. */
const watching = async () => {
  const world = new FakeWorld()
  const { presence } = world.client.room('a')
  const changes: MemberChange[] = []
  presence.onChange((change) => changes.push(change))
  const socket = await world.accept()
  socket.subscribes('a', 0)
  const names = () => presence.members.getSnapshot().list.map(({ userId }) => userId)
  return { world, socket, presence, changes, names, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

test('members begin with a snapshot, which is no change, and follow the changes', async () => {
  await using ann = await watching()
  expect(ann.presence.members.getSnapshot().status).toBe('loading')
  await answers(ann.socket, [member('bob')])
  expect([ann.names(), ann.changes]).toEqual([['bob'], []])
  ann.socket.says(
    changed('join', member('cy')),
    changed('update', member('bob', 'busy')),
    changed('leave', member('cy')),
  )
  expect(ann.presence.members.getSnapshot().list).toEqual([member('bob', 'busy')])
  expect(ann.changes.map(({ change }) => change)).toEqual(['join', 'update', 'leave'])
})

test('a change that comes while the snapshot is on its way is not lost', async () => {
  await using ann = await watching()
  ann.socket.says(changed('join', member('cy')), changed('leave', member('bob')))
  await answers(ann.socket, [member('bob')])
  expect(ann.names()).toEqual(['cy'])
})

test('after a reconnect the members are read anew, without false joins', async () => {
  await using ann = await watching()
  await answers(ann.socket, [member('bob'), member('cy')])
  const socket = await ann.world.reconnect()
  expect(ann.names()).toEqual(['bob', 'cy'])
  socket.subscribes('a', 0, { recovered: true })
  await answers(socket, [member('cy'), member('dee')])
  expect([ann.names(), ann.changes]).toEqual([['cy', 'dee'], []])
})

test('who we said we are is said again in every session, until we leave', async () => {
  await using world = new FakeWorld()
  const { presence } = world.client.room('a')
  const entered = presence.enter({ mood: 'fine' })
  const said = (socket: FakeSocket) => socket.frames('presence').map(({ state, leave }) => state ?? leave)
  const agree = (socket: FakeSocket) => {
    for (const { id } of socket.frames('presence')) socket.says({ type: 'reply', id: id!, result: null })
  }
  const first = await world.accept()
  expect(said(first)).toEqual([])
  first.subscribes('a', 0)
  await settle()
  agree(first)
  await entered
  expect(said(first)).toEqual([{ mood: 'fine' }])
  const second = await world.reconnect()
  second.subscribes('a', 0, { recovered: true })
  agree(second)
  expect(said(second)).toEqual([{ mood: 'fine' }])
  const left = presence.leave()
  await settle()
  agree(second)
  await left
  const third = await world.reconnect()
  third.subscribes('a', 0, { recovered: true })
  expect(said(third)).toEqual([])
})

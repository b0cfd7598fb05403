/**
 * Kills a server, or the PostgreSQL under it, in the middle of sends, again and again on the same data, and looks for messages
 * that were lost or doubled, for readers who missed some, and for receipts and counts that do not fit.
 */
import { fileURLToPath } from 'node:url'
import type { ChatMember, ChatMessage, ChatRoomSummary, Json, MessagePage } from '@fanfare/protocol'
import { type Actor, homeTenant, type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { chatReader, chatRooms, chatSenders } from './chat-app.ts'
import { ChatSender } from './chat-sender.ts'
import { Follower } from './follower.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type ChatKills = {
  readonly kills: number
  /** Further settings, such as the address of a database. */
  readonly environment?: { readonly [name: string]: string }
  /** Kills what is under the server, and brings it back. @default the server itself is killed */
  readonly strike?: () => Promise<void>
}

export type ChatKilled = { readonly acknowledged: number; readonly refused: number; readonly faults: readonly string[] }

const app = fileURLToPath(new URL('chat-app.ts', import.meta.url))
const readers = 3

export const chatKills = async ({ kills, environment = {}, strike }: ChatKills): Promise<ChatKilled> => {
  await using server = await startServerProcess({ app, environment: { ...unlimitedEnvironment, ...environment } })
  let n = 0
  const url = () => server.socketUrl
  const senders = chatSenders.map(
    (name) => new ChatSender({ name, url, token: server.token(name, homeTenant), rooms: chatRooms, next: () => ++n }),
  )
  const heard = new Map<string, number[]>()
  const following = Array.from({ length: readers }, (_, index) => {
    const name = `reader ${index}`
    const note = (room: string, _: number, data: unknown) => {
      const { message } = data as { readonly message?: ChatMessage }
      if (message) heard.set(`${name} ${room}`, [...(heard.get(`${name} ${room}`) ?? []), message.number])
    }
    return new Follower({ url: url(), name, token: server.token(chatReader, homeTenant), heard: note })
  })
  await Promise.all(following.map((reader) => reader.connects()))
  for (const reader of following) for (const room of chatRooms) reader.enters(`chat:${room}`)
  await Promise.all(following.flatMap((reader) => chatRooms.map((room) => reader.reaches(`chat:${room}`))))
  for (const sender of senders) sender.begins()
  for (const sender of senders) sender.sends()
  for (let round = 0; round < kills; round++) {
    // At any step of what is under way: sends are, all the time.
    await Bun.sleep(20 + Math.random() * 250)
    if (strike) await strike()
    else await killServer(server, following)
  }
  await Promise.all(senders.map((sender) => sender.finishes()))
  const faults = [
    ...senders.flatMap((sender) => sender.faults),
    ...following.flatMap((reader) => reader.faults),
    ...following.flatMap(({ name, gaps }) => (gaps > 0 ? [`${name} was told of ${gaps} gaps`] : [])),
    ...(await compare(server, { senders, following, heard })),
  ]
  for (const sender of senders) sender.ends()
  for (const reader of following) reader.drops()
  const acknowledged = senders.reduce((sum, sender) => sum + sender.acknowledged.size, 0)
  return { acknowledged, refused: senders.reduce((sum, { refused }) => sum + refused, 0), faults }
}

const killServer = async (server: ServerProcess, following: readonly Follower[]): Promise<void> => {
  await server.kill()
  await Promise.all(following.map((reader) => reader.until('the cut', () => reader.closedWith !== undefined)))
  await server.start()
  await Promise.all(following.map((reader) => reader.connects()))
}

type Outcome = {
  readonly senders: readonly ChatSender[]
  readonly following: readonly Follower[]
  readonly heard: ReadonlyMap<string, readonly number[]>
}

const compare = async (server: ServerProcess, outcome: Outcome): Promise<readonly string[]> => {
  const faults: string[] = []
  const eve = await server.person(chatReader)
  for (const room of chatRooms) {
    const messages = await readAll(eve, room)
    faults.push(...compareMessages(room, messages, outcome.senders))
    const last = messages.length
    for (const reader of outcome.following) {
      const top = messages.at(-1)?.offset ?? 0
      await reader.reaches(`chat:${room}`, top)
      const numbers = outcome.heard.get(`${reader.name} chat:${room}`) ?? []
      const wrong = numbers.findIndex((number, index) => number !== index + 1)
      if (wrong >= 0) faults.push(`${reader.name} heard message ${numbers[wrong]} of ${room} as its ${wrong + 1}th`)
      if (numbers.length !== last) faults.push(`${reader.name} heard ${numbers.length} of ${last} in ${room}`)
    }
    faults.push(...(await compareReceipts(eve, { room, last, senders: outcome.senders })))
  }
  const { rooms } = (await ask(eve, 'chat:list', {})) as unknown as { rooms: readonly ChatRoomSummary[] }
  for (const { id, unread, lastNumber, read } of rooms) {
    if (unread !== lastNumber - read) faults.push(`${id} has ${unread} unread, of ${lastNumber} less ${read}`)
  }
  await eve.goes()
  return faults
}

const compareMessages = (room: string, messages: readonly ChatMessage[], senders: readonly ChatSender[]): string[] => {
  const faults: string[] = []
  const numbers = new Map<string, number>()
  messages.forEach(({ number, text }, index) => {
    if (number !== index + 1) faults.push(`message ${number} of ${room} is the ${index + 1}th`)
    if (numbers.has(text)) faults.push(`${text} is in ${room} twice: ${numbers.get(text)} and ${number}`)
    numbers.set(text, number)
  })
  for (const [n, sent] of senders.flatMap(({ acknowledged }) => [...acknowledged])) {
    if (sent.roomId !== room || numbers.get(String(n)) === sent.number) continue
    faults.push(`${n} was acknowledged as message ${sent.number} of ${room} and is ${numbers.get(String(n))}`)
  }
  return faults
}

const compareReceipts = async (
  eve: Actor,
  { room, last, senders }: { room: string; last: number; senders: readonly ChatSender[] },
): Promise<readonly string[]> => {
  const { members } = (await ask(eve, 'chat:members', { roomId: room })) as unknown as {
    readonly members: readonly ChatMember[]
  }
  return senders.flatMap(({ name, read }) => {
    const kept = members.find(({ userId }) => userId === name)?.receipt
    const told = read.get(room) ?? 0
    if (!kept) return [`${name} has no receipt in ${room}`]
    const { delivered, read: upTo } = kept
    if (upTo < told || upTo > last || delivered < upTo || delivered > last) {
      return [`${name} was told to have read ${told} of ${last} in ${room}: read ${upTo}, delivered ${delivered}`]
    }
    return []
  })
}

const readAll = async (actor: Actor, roomId: string): Promise<readonly ChatMessage[]> => {
  const messages: ChatMessage[] = []
  let after: number | undefined = 0
  while (after !== undefined) {
    const page: MessagePage = (await ask(actor, 'chat:messages', { roomId, after, limit: 100 })) as never
    messages.push(...page.messages)
    after = page.after
  }
  return messages
}

const ask = (actor: Actor, name: string, input: Json): Promise<Json> => actor.asks({ type: 'command', name, input })

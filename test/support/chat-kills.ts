/**
 * Kills nodes, or the PostgreSQL or Redis under them, in the middle of sends, again and again on the same data, and looks for
 * messages that were lost or doubled, for readers who missed some, and for receipts and counts that do not fit.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { ChatMember, ChatMessage, ChatRoomSummary, Json, MessagePage } from '@fanfare/protocol'
import { type Actor, homeTenant, type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { chatReader, chatRooms, chatSenders } from './chat-app.ts'
import { ChatSender } from './chat-sender.ts'
import { Follower } from './follower.ts'
import { unlimitedEnvironment } from './unlimited.ts'

/** Takes something away, and brings it back. */
export type Strike = (nodes: readonly ServerProcess[], round: number) => Promise<void>

export type ChatKills = {
  readonly kills: number
  /** Further settings, such as the address of a database. */
  readonly environment?: { readonly [name: string]: string }
  /** On the environment's servers. @default 1 */
  readonly nodes?: number
  /** @default one of the nodes is killed */
  readonly strike?: Strike
}

export type ChatKilled = { readonly acknowledged: number; readonly refused: number; readonly faults: readonly string[] }

const app = fileURLToPath(new URL('chat-app.ts', import.meta.url))
const readers = 4
const comeBackMs = 50

export const killNode: Strike = async (nodes, round) => {
  const node = nodes[round % nodes.length]!
  await node.kill()
  await node.start()
}

export const chatKills = async (options: ChatKills): Promise<ChatKilled> => {
  const { kills, strike = killNode } = options
  await using stage = await Stage.open(options)
  for (let round = 0; round < kills; round++) {
    // At any step of what is under way: sends are, all the time.
    await Bun.sleep(20 + Math.random() * 250)
    await strike(stage.nodes, round)
  }
  // Not before it is judged may the nodes go.
  return await stage.finishes()
}

/** Nodes, senders and readers on all of them; whose node is gone comes back to it, or goes to another. */
class Stage implements AsyncDisposable {
  readonly nodes: readonly ServerProcess[]
  readonly #senders: readonly ChatSender[]
  readonly #following: readonly Follower[]
  /** Reader and room → numbers of messages, as they were heard. */
  readonly #heard = new Map<string, number[]>()
  readonly #returning: Promise<void>[]
  #over = false

  private constructor(nodes: readonly ServerProcess[]) {
    this.nodes = nodes
    const [first] = nodes as [ServerProcess]
    let n = 0
    const next = () => ++n
    this.#senders = chatSenders.map(
      (name, index) =>
        new ChatSender({
          name,
          url: this.#near(index),
          token: first.token(name, homeTenant),
          rooms: chatRooms,
          next,
        }),
    )
    this.#following = Array.from({ length: readers }, (_, index) => this.#reader(index))
    this.#returning = this.#following.map((reader) => this.#keepsIn(reader))
  }

  static async open({ environment = {}, nodes: count = 1 }: ChatKills): Promise<Stage> {
    const secret = randomBytes(48).toString('base64url')
    const settings = { app, secret, environment: { ...unlimitedEnvironment, ...environment } }
    const nodes: ServerProcess[] = []
    while (nodes.length < count) nodes.push(await startServerProcess(settings))
    const stage = new Stage(nodes)
    const { following, senders } = { following: stage.#following, senders: stage.#senders }
    await Promise.all(following.map((reader) => reader.until('a link', () => reader.connected)))
    for (const reader of following) for (const room of chatRooms) reader.enters(`chat:${room}`)
    await Promise.all(following.flatMap((reader) => chatRooms.map((room) => reader.reaches(`chat:${room}`))))
    for (const sender of senders) sender.begins()
    for (const sender of senders) sender.sends()
    return stage
  }

  async finishes(): Promise<ChatKilled> {
    await Promise.all(this.#senders.map((sender) => sender.finishes()))
    const outcome = { senders: this.#senders, following: this.#following, heard: this.#heard }
    const faults = [
      ...this.#senders.flatMap((sender) => sender.faults),
      ...(await compare(this.nodes[0]!, outcome)),
      ...this.#following.flatMap((reader) => reader.faults),
      ...this.#following.flatMap(({ name, gaps }) => (gaps > 0 ? [`${name} was told of ${gaps} gaps`] : [])),
    ]
    const acknowledged = this.#senders.reduce((sum, sender) => sum + sender.acknowledged.size, 0)
    return { acknowledged, refused: this.#senders.reduce((sum, { refused }) => sum + refused, 0), faults }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await Promise.all(this.#returning)
    for (const sender of this.#senders) sender.ends()
    for (const reader of this.#following) reader.drops()
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  /** One's own node; every other one goes elsewhere while that is gone. */
  #near(index: number): () => string {
    const own = this.nodes[index % this.nodes.length]!
    const moves = index % 4 >= 2
    return () => (moves && !own.isRunning ? (this.nodes.find((node) => node.isRunning) ?? own) : own).socketUrl
  }

  #reader(index: number): Follower {
    const name = `reader ${index}`
    return new Follower({
      url: this.#near(index),
      name,
      token: this.nodes[0]!.token(chatReader, homeTenant),
      persists: true,
      heard: (room, _, data) => {
        const { message } = data as { readonly message?: ChatMessage }
        if (message) this.#note(`${name} ${room}`, message.number)
      },
    })
  }

  #note(where: string, number: number): void {
    const known = this.#heard.get(where)
    if (known) known.push(number)
    else this.#heard.set(where, [number])
  }

  async #keepsIn(reader: Follower): Promise<void> {
    while (!this.#over) {
      // Nobody is there yet: the next try may find somebody.
      if (!reader.connected) await reader.connects().catch(() => {})
      await Bun.sleep(comeBackMs)
    }
  }
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

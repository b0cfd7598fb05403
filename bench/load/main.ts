/** The load: a process of its own that opens connections and counts. It decides nothing; the main process asks it for one thing at a time. */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { answerQuestions } from '../lib/control.ts'
import { type ChatOptions, Chatting } from './chat.ts'
import { Crowd } from './crowd.ts'
import type { Contender } from './dialects.ts'
import { Fanout, type FanoutOptions, type RoundOptions } from './fanout.ts'
import { Growth, type GrowthOptions } from './growth.ts'
import { Handshakes } from './handshakes.ts'
import { ManyRooms, type ManyRoomsOptions, type RateOptions } from './many-rooms.ts'
import { type PresenceOptions, Presences } from './presence.ts'
import { Publishing, type PublishOptions } from './publish.ts'

type HoldOptions = {
  readonly contender: Contender
  readonly port: number
  readonly count: number
  readonly from: number
  /** Rooms as templates: `{3}` is the connection's number divided by 3, so that three share a room. */
  readonly rooms: readonly string[]
}
type ConnectOptions = {
  readonly contender: Contender
  readonly port: number
  readonly count: number
  readonly from: number
  readonly rooms: readonly string[]
}

const quiet = { frame: () => {} }
let fanout: Fanout | undefined
let publishing: Publishing | undefined
let manyRooms: ManyRooms | undefined
let chatting: Chatting | undefined
let growth: Growth | undefined
let presences: Presences | undefined
const held: Crowd[] = []

const fill = (template: string, index: number): string =>
  template.replace(/\{(\d+)\}/, (_, share: string) => String(Math.floor(index / Number(share))))

await answerQuestions(
  {},
  {
    async fanout(options: FanoutOptions) {
      fanout = new Fanout(options)
      await fanout.open()
      return {}
    },
    fanoutRound(options: RoundOptions) {
      if (!fanout) throw new Error('no subscriber is there')
      return fanout.round(options)
    },
    async publish(options: PublishOptions) {
      publishing?.end()
      publishing = new Publishing(options)
      await publishing.open()
      return {}
    },
    publishRound({ ms }: { readonly ms: number }) {
      if (!publishing) throw new Error('no publisher is there')
      return publishing.round(ms)
    },
    async manyRooms(options: ManyRoomsOptions) {
      manyRooms = new ManyRooms(options)
      await manyRooms.open()
      return {}
    },
    rate(options: RateOptions) {
      if (!manyRooms) throw new Error('nobody is in the rooms')
      return manyRooms.rate(options)
    },
    storm({ missed }: { readonly missed: number }) {
      if (!manyRooms) throw new Error('nobody is in the rooms')
      return manyRooms.storm(missed)
    },
    async chat(options: ChatOptions) {
      chatting = new Chatting(options)
      await chatting.open()
      return {}
    },
    chatSends({ ms }: { readonly ms: number }) {
      if (!chatting) throw new Error('no member is there')
      return chatting.sends(ms)
    },
    chatAsks(options: Parameters<Chatting['asks']>[0]) {
      if (!chatting) throw new Error('no member is there')
      return chatting.asks(options)
    },
    async presence(options: PresenceOptions) {
      presences = new Presences(options)
      await presences.open()
      return {}
    },
    presenceRound(options: Parameters<Presences['round']>[0]) {
      if (!presences) throw new Error('no member is there')
      return presences.round(options)
    },
    async growthWarm({ port }: { readonly port: number }) {
      await Growth.warm(port)
      return {}
    },
    async growthOpen(options: GrowthOptions) {
      growth = new Growth(options)
      await growth.open()
      return {}
    },
    growthRound(options: Parameters<Growth['round']>[0]) {
      if (!growth) throw new Error('nobody is in the rooms')
      return growth.round(options)
    },
    async hold({ contender, port, count, from, rooms }: HoldOptions) {
      const crowd = new Crowd({
        contender,
        port,
        count,
        from,
        rooms: (index) => rooms.map((room) => fill(room, from + index)),
        receiver: quiet,
      })
      held.push(crowd)
      await crowd.open()
      return { connections: crowd.connections.length }
    },
    /** All who are held. */
    letGo() {
      for (const crowd of held.splice(0)) crowd.end()
      return {}
    },
    async connect({ contender, port, count, from, rooms }: ConnectOptions) {
      const cpu = process.cpuUsage()
      const start = performance.now()
      const times = new Handshakes()
      const crowd = new Crowd({ contender, port, count, from, rooms: () => rooms, receiver: quiet, ...times.watch() })
      await crowd.open()
      const seconds = (performance.now() - start) / 1000
      const { user, system } = process.cpuUsage(cpu)
      crowd.end()
      return { seconds, loadSeconds: (user + system) / 1e6, ...times.percentiles() }
    },
  },
)
process.exit(0)

/** Two nodes that speak Engine.IO and a client that lands on either: the second has none of the sessions. */
import { fakeClock } from '../../lib/fake-clock.ts'
import { Couriers } from './couriers.world.ts'
import { type EngineWorldOptions, engineWorld, FakeLink, type Heard, nodeA, type Poll } from './engine.world.ts'
import { askOf } from './engine-ask.ts'
import type { EngineTransport } from './engine-port.ts'
import type { Answer } from './letters.ts'
import type { FarSession } from './other-nodes.ts'

export const nodeB = 'nodeBBBB'

/** Of every client. */
export const clientAddress = '192.0.2.1'

export type AnsweredPoll = Poll & { payload: Answer | undefined; leave(): void }

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export type TwoNodesOptions = EngineWorldOptions & {
  /** How long a poll is waited for. @default 500 */
  readonly pollMs?: number
}

export const twoNodes = async (options: TwoNodesOptions = {}) => {
  const clock = fakeClock()
  const couriers = new Couriers()
  const yielded: string[] = []
  const yields = (session: string) => yielded.push(session)
  const home = engineWorld({ ...options, clock, couriers, node: nodeA, yields })
  const away = engineWorld({ ...options, clock, couriers, node: nodeB, yields: () => {} })
  const stops = [await home.start(), await away.start()] as const

  const farSession = (sid: string, by: EngineTransport): FarSession => {
    const query = new URLSearchParams({ EIO: '4', transport: by, sid })
    const asked = askOf(away.sockets, { method: 'GET', query, by })
    if (asked.kind !== 'elsewhere') throw new Error(`Not a session of another node: ${asked.kind}`)
    return asked.session
  }

  const lands = async (session: FarSession, carry: () => Promise<Answer>): Promise<Answer> => {
    const found = await away.others.seek(session, clientAddress)
    return found.kind === 'there' ? carry() : found
  }

  return {
    clock,
    couriers,
    home,
    away,
    yielded,
    settles: turns,
    stopHome: stops[0],
    stopAway: stops[1],
    /** Opens at home; every later request lands on the other node. */
    polling() {
      const { socket, heard } = home.polling()
      const session = farSession(socket.id, 'polling')
      return {
        socket,
        heard,
        session,
        /** Whether the other node finds it. */
        async sought(address = clientAddress): Promise<string> {
          return (await away.others.seek(session, address)).kind
        },
        polls(): AnsweredPoll {
          const leaving = new AbortController()
          const patience = { withinMs: options.pollMs ?? 500, signal: leaving.signal }
          const poll: AnsweredPoll = {
            answer: undefined,
            payload: undefined,
            leave: () => leaving.abort(),
            done: lands(session, () => away.others.poll(session, patience)).then((answer) => {
              poll.payload = answer
              poll.answer = answer.kind === 'payload' ? answer.payload : answer.kind
            }),
          }
          return poll
        },
        async next(): Promise<string | undefined> {
          const poll = this.polls()
          await poll.done
          return poll.answer
        },
        async posts(body: string): Promise<string> {
          return (await lands(session, () => away.others.post(session, async () => body))).kind
        },
      }
    },
    /** A WebSocket for that session that lands on the other node. */
    async probes(sid: string): Promise<FakeLink> {
      const link = new FakeLink()
      link.reader = away.others.relay(farSession(sid, 'websocket'), link)
      await turns()
      return link
    },
    /** As `polling`, and upgraded over the other node. */
    async upgraded(): Promise<{ readonly link: FakeLink; readonly heard: Heard; readonly sid: string }> {
      const client = this.polling()
      const link = await this.probes(client.socket.id)
      link.hears('2probe')
      await turns()
      link.hears('5')
      await turns()
      link.take()
      return { link, heard: client.heard, sid: client.socket.id }
    },
  }
}

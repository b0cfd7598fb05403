/** The door for WebSockets that speak Engine.IO: sessions of their own, and those that take over from polling. */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import { originAllowed } from '../auth/origin.ts'
import type { Services } from '../flows/services.ts'
import {
  admitLink,
  askOf,
  handshakeOf,
  isEnginePath,
  type Refusal,
  refusalAnswer,
  refusals,
} from '../flows/socketio/engine-ask.ts'
import type { Handshake } from '../flows/socketio/engine-port.ts'
import type { EngineSockets } from '../flows/socketio/engine-sockets.ts'
import { tellTurnedAway } from '../flows/tell.ts'
import type { Link, LinkReader } from '../hub/link.ts'
import type { Door, Opening, OpenPolicy } from './listener.ts'

export class SocketIoDoor implements Door {
  readonly #services: Services
  readonly #policy: OpenPolicy
  readonly #sockets: EngineSockets

  constructor(services: Services, policy: OpenPolicy, sockets: EngineSockets) {
    this.#services = services
    this.#policy = policy
    this.#sockets = sockets
  }

  decide(request: Request, remoteAddress: string): Opening {
    const { pathname, searchParams: query } = new URL(request.url)
    if (!isEnginePath(pathname, this.#sockets.settings.path)) return { kind: 'elsewhere' }
    const { headers } = request
    if (!originAllowed(headers.get('origin'), headers.get('host'), this.#policy.allowedOrigins)) {
      return this.#refuse(refusals.forbidden)
    }
    const asked = askOf(this.#sockets, { method: 'GET', query, by: 'websocket' })
    switch (asked.kind) {
      case 'refuse':
        return this.#refuse(asked.refusal)
      case 'session':
        return this.#open((link) => asked.socket.probe(link))
      case 'elsewhere':
        // Whether there is such a session is known only once the WebSocket is open: so it is counted as a new one.
        return this.#admit(request, remoteAddress, (_, link) => this.#sockets.others.relay(asked.session, link))
      case 'open':
        return this.#admit(request, remoteAddress, (handshake, link) => this.#sockets.openLink(handshake, link))
    }
  }

  #admit(request: Request, remoteAddress: string, accept: (handshake: Handshake, link: Link) => LinkReader): Opening {
    const { clock } = this.#services
    const { trustedProxies } = this.#policy
    try {
      const handshake = handshakeOf(request, { remoteAddress, trustedProxies, now: clock.now() })
      admitLink(this.#services, handshake.address)
      return this.#open((link) => accept(handshake, link))
    } catch (error) {
      this.#services.metrics.add('fanfare_connects_refused_total')
      tellTurnedAway(this.#services, { thrown: error, action: 'session.refused' })
      return { kind: 'refuse', error: toFanfareError(error) }
    }
  }

  #open(accept: (link: Link) => LinkReader): Opening {
    // No subprotocol is ever chosen: an offered one may be a token.
    return { kind: 'open', protocol: undefined, messageBytes: this.#sockets.settings.maxPayload, accept }
  }

  #refuse(refusal: Refusal): Opening {
    this.#services.metrics.add('fanfare_connects_refused_total')
    const error = new FanfareError(refusal === refusals.forbidden ? 'origin_refused' : 'bad_frame', refusal.message)
    tellTurnedAway(this.#services, { thrown: error, action: 'session.refused' })
    return { kind: 'refuse', error, answer: refusalAnswer(refusal) }
  }
}

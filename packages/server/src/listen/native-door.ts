/** The door for native WebSockets: decides about an upgrade before any byte of it is accepted. The same for every runtime. */
import { FanfareError, subprotocols, toFanfareError } from '@fanfare/protocol'
import type { Endpoint, EndpointRule } from '../app/app.ts'
import { clientAddress } from '../auth/client-address.ts'
import { credentialsOf } from '../auth/credentials.ts'
import { originAllowed } from '../auth/origin.ts'
import { authenticate, type Shown } from '../flows/authenticate.ts'
import { Connection } from '../flows/connection.ts'
import type { Services } from '../flows/services.ts'
import { tellTurnedAway } from '../flows/tell.ts'
import type { Link } from '../hub/link.ts'
import type { Dialect } from '../wire/dialect.ts'
import { decodeLimits, nativeDialect } from '../wire/native.ts'
import type { Door, Opening, OpenPolicy } from './listener.ts'

/** The path at which every application can be reached in the native dialect. */
export const nativePath = '/v1/websocket'

export class NativeDoor implements Door {
  readonly #services: Services
  readonly #policy: OpenPolicy
  readonly #native: Dialect
  /** One dialect for each endpoint with words of its own, so that an event is encoded once for all its links. */
  readonly #dialects = new Map<EndpointRule, Dialect>()

  constructor(services: Services, policy: OpenPolicy) {
    this.#services = services
    this.#policy = policy
    this.#native = nativeDialect(decodeLimits(services.limits))
  }

  decide(request: Request, remoteAddress: string): Opening {
    const url = new URL(request.url)
    const endpoint = this.#services.app.endpoint(url.pathname)
    if (!endpoint && url.pathname !== nativePath) return { kind: 'elsewhere' }
    try {
      const origin = this.#admit(request, remoteAddress)
      const { credentials, protocol } = credentialsOf(request, { tokenInQuery: endpoint?.rule.tokenInQuery ?? false })
      const shown = { credentials, origin, query: url.searchParams }
      const arrival = { dialect: this.#dialectOf(endpoint), endpoint, shown }
      const lines = protocol === subprotocols[0]
      return { kind: 'open', protocol, lines, accept: (link) => openLink(this.#services, link, arrival) }
    } catch (error) {
      this.#services.metrics.add('fanfare_connects_refused_total')
      tellTurnedAway(this.#services, { thrown: error, action: 'session.refused' })
      return { kind: 'refuse', error: toFanfareError(error) }
    }
  }

  /** @throws FanfareError `origin_refused`, `shutting_down`, `overloaded`, `rate_limited` */
  #admit(request: Request, remoteAddress: string): string | undefined {
    const { headers } = request
    const origin = headers.get('origin')
    if (!originAllowed(origin, headers.get('host'), this.#policy.allowedOrigins)) {
      throw new FanfareError('origin_refused', 'Add the page’s origin to FANFARE_ALLOWED_ORIGINS to let it connect.')
    }
    if (!this.#services.accepting) throw new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 })
    const address = clientAddress(remoteAddress, headers.get('x-forwarded-for'), this.#policy.trustedProxies)
    this.#services.quotas.connect(address)
    return origin ?? undefined
  }

  #dialectOf(endpoint: Endpoint | undefined): Dialect {
    if (!endpoint) return this.#native
    const known = this.#dialects.get(endpoint.rule)
    if (known) return known
    const dialect = nativeDialect(decodeLimits(this.#services.limits), endpoint.rule.words)
    this.#dialects.set(endpoint.rule, dialect)
    return dialect
  }
}

type Arriving = { readonly dialect: Dialect; readonly endpoint: Endpoint | undefined; readonly shown: Shown }

/** The link is there: open its session with what was shown, or wait for an `auth` frame. */
const openLink = (services: Services, link: Link, { dialect, endpoint, shown }: Arriving): Connection => {
  const connection = new Connection({ services, link, dialect, endpoint })
  if (shown.credentials.kind === 'none') connection.awaitIdentity(shown)
  else connection.openWith(() => authenticate(services, shown))
  return connection
}

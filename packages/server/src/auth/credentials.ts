/** What a request shows to prove who it is, wherever it can be shown. Reads only; verifies nothing. */
import { FanfareError, type Subprotocol, subprotocols } from '@fanfare/protocol'
import type { Identity } from '../model/identity.ts'
import { looksLikeKey } from './api-keys.ts'
import type { Credentials } from './auth.ts'

export type Shown = {
  readonly credentials: Credentials
  /** What to answer in `Sec-WebSocket-Protocol`: never the entry that carries the token. */
  readonly protocol: Subprotocol | undefined
  readonly origin: string | undefined
}

export type CredentialsOptions = {
  /** Takes `?token=` too. Tokens in addresses end up in logs and histories, so only where the application says so. @default false */
  readonly tokenInQuery?: boolean
}

/**
 * Looks at `Authorization: Bearer`, at the subprotocols `fanfare.v1, bearer.<token>`, at `?ticket=` and at `?token=`.
 * @throws FanfareError `unauthenticated` when there are several that differ, or one that is not taken here
 */
export const credentialsOf = (
  request: Pick<Request, 'headers' | 'url'>,
  { tokenInQuery = false }: CredentialsOptions = {},
): Shown => {
  const query = new URL(request.url).searchParams
  const protocols = listOf(request.headers.get('sec-websocket-protocol'))
  const found: Credentials[] = [
    ...fromHeader(request.headers.get('authorization')),
    ...protocols.filter((entry) => entry.startsWith(bearer)).map((entry) => bearerOf(entry.slice(bearer.length))),
    ...fromQuery(query, tokenInQuery),
  ]
  const [first, ...others] = found
  if (first && others.some((other) => !sameCredentials(first, other))) {
    throw refuse('The request shows several tokens, tickets or keys that differ. Send one.')
  }
  return {
    credentials: first ?? { kind: 'none' },
    protocol: subprotocols.find((ours) => protocols.includes(ours)),
    origin: request.headers.get('origin') ?? undefined,
  }
}

/** `tenantId` and `userId` that a client names about itself are compared with what is proved, never believed. @throws FanfareError `tenant_mismatch` */
export const checkClaimed = (
  proved: Pick<Identity, 'tenantId'> & Partial<Pick<Identity, 'userId'>>,
  query: URLSearchParams,
): void => {
  for (const name of ['tenantId', 'userId'] as const) {
    if (query.getAll(name).every((claimed) => claimed === proved[name])) continue
    throw new FanfareError(
      'tenant_mismatch',
      `The ${name} in the address differs from the one that is proved. Leave it out.`,
    )
  }
}

/** A refresh goes on with the same session, so it may only lengthen it. @throws FanfareError `tenant_mismatch` */
export const checkRefresh = (current: Identity, next: Identity): void => {
  if (current.tenantId === next.tenantId && current.userId === next.userId) return
  throw new FanfareError(
    'tenant_mismatch',
    'A refresh changes neither tenant nor user. Open a new session for another tenant or user.',
  )
}

const bearer = 'bearer.'

const refuse = (message: string): FanfareError => new FanfareError('unauthenticated', message)

const listOf = (header: string | null): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

const bearerOf = (credential: string): Credentials => {
  if (credential === '') throw refuse('The bearer credential is empty. Send a token after it.')
  return looksLikeKey(credential) ? { kind: 'key', key: credential } : { kind: 'token', token: credential }
}

const fromHeader = (header: string | null): readonly Credentials[] => {
  if (header === null) return []
  const match = /^bearer +([^\s,]+)$/i.exec(header.trim())
  if (!match) throw refuse('The Authorization header must be Bearer, a space, and one token or API key.')
  return [bearerOf(match[1]!)]
}

const fromQuery = (query: URLSearchParams, tokenInQuery: boolean): readonly Credentials[] => {
  const given = (name: string) => query.getAll(name).filter((value) => value !== '')
  const tokens = given('token')
  if (tokens.length > 0 && !tokenInQuery) {
    throw refuse(
      'A token in the address is not taken here, since addresses are logged. Get a ticket from POST /v1/tickets and send ?ticket=.',
    )
  }
  // A key belongs to a server, which can send a header: in an address it is refused as no token.
  return [
    ...tokens.map((token): Credentials => ({ kind: 'token', token })),
    ...given('ticket').map((ticket): Credentials => ({ kind: 'ticket', ticket })),
  ]
}

const secretOf = (credentials: Credentials): string => {
  switch (credentials.kind) {
    case 'token':
      return credentials.token
    case 'ticket':
      return credentials.ticket
    case 'key':
      return credentials.key
    case 'none':
      return ''
  }
}

const sameCredentials = (one: Credentials, other: Credentials): boolean =>
  one.kind === other.kind && secretOf(one) === secretOf(other)

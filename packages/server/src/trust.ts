/** Puts together who is believed: the secret, the keys and the rules that the configuration names. Part of the composition. */
import { toFanfareError } from '@fanfare/protocol'
import type { App } from './app/app.ts'
import type { Auth } from './auth/auth.ts'
import { createAuth } from './auth/create-auth.ts'
import { jwksKeys } from './auth/jwks.ts'
import { fixedKeys, type KeySource, publicAlgorithms, secretKey, type TypedKey } from './auth/keys.ts'
import { keysOfFile } from './auth/keys-file.ts'
import { mintToken } from './auth/mint.ts'
import { resolveSecret, type Secret, type SecretKeeper } from './auth/secret.ts'
import type { TicketStore } from './auth/tickets.ts'
import type { TokenRules } from './auth/tokens.ts'
import type { Config } from './config.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import type { TrustStore } from './store/trust-store.ts'

/** Signs a token that this node takes. @throws FanfareError without a secret */
export type Mint = Parameters<NonNullable<App['onStart']>>[0]['mint']

export type Trust = { readonly auth: Auth; readonly secret: Secret | undefined; readonly mint: Mint }

/** Where what is believed is kept: by this node, or by all. */
export type TrustPlace = {
  readonly store: TrustStore
  readonly tickets: TicketStore
  readonly keepSecret: SecretKeeper
}

export type TrustParts = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly place: TrustPlace
}

/** @throws Error when in production nothing could verify a token, and FanfareError when the store cannot be opened */
export const openTrust = async ({ config, clock, log, place }: TrustParts): Promise<Trust> => {
  const elsewhere = config.jwksUrl !== undefined || config.keysFile !== undefined
  const secret =
    config.secret === undefined && elsewhere && config.mode === 'production'
      ? undefined
      : await resolveSecret({ mode: config.mode, configured: config.secret, keep: place.keepSecret })
  const signing = secret && (await secretKey(secret.bytes))
  const rules: TokenRules = {
    tenantClaims: config.tenantClaims,
    leewayMs: config.leewayMs,
    maxLifetimeMs: config.maxTokenLifetimeMs,
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...(config.audience === undefined ? {} : { audience: config.audience }),
  }
  const auth = createAuth({
    clock,
    rules,
    keys: await keySources(config, { signing, clock, log }),
    store: place.store,
    tickets: place.tickets,
    ticketMs: config.limits.ticketMs,
  })
  const mint: Mint = async (claims) => {
    if (!signing) throw toFanfareError(new Error('Without FANFARE_SECRET this server signs no tokens.'))
    return mintToken(claims, { key: signing, now: clock.now(), rules })
  }
  return { auth, secret, mint }
}

type KeyOptions = { readonly signing: TypedKey | undefined; readonly clock: Clock; readonly log: Log }

const keySources = async (config: Config, { signing, clock, log }: KeyOptions): Promise<readonly KeySource[]> => {
  const algorithms = publicAlgorithms.filter((name) => config.algorithms.includes(name))
  const fromFile = config.keysFile === undefined ? [] : await keysOfFile(config.keysFile, algorithms)
  const fixed = fixedKeys([...(signing ? [signing] : []), ...fromFile])
  return config.jwksUrl === undefined ? [fixed] : [fixed, jwksKeys({ url: config.jwksUrl, algorithms, clock, log })]
}

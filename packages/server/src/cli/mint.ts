/** Makes a token from the secret at hand: configured, or the development secret in the data folder. Owns no rule about tokens. */
import { resolve } from 'node:path'
import type { MintClaims } from '../app/app.ts'
import { secretKey } from '../auth/keys.ts'
import { mintToken } from '../auth/mint.ts'
import { resolveSecret } from '../auth/secret.ts'
import type { Config } from '../config.ts'
import { tokenRulesOf } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** Who a token is for, as typed. */
export type Claimant = {
  readonly tenant?: string
  readonly user?: string
  readonly role?: readonly string[]
  readonly grant?: readonly string[]
}

/** For an option that may come several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export const claimsOf = (claimant: Claimant & { readonly tenant: string }): MintClaims => ({
  tenantId: claimant.tenant,
  userId: claimant.user ?? 'developer',
  ...(claimant.role ? { roles: claimant.role } : {}),
  ...(claimant.grant ? { grants: claimant.grant } : {}),
})

/** @throws Error, FanfareError `invalid_payload` that say what is missing */
export const mintHere = async (terminal: Terminal, config: Config, claims: MintClaims): Promise<string> => {
  const folder = resolve(terminal.folder, config.dataFolder)
  const secret = await resolveSecret({ mode: config.mode, configured: config.secret, folder })
  if (secret.from.kind === 'made') terminal.note(`Made a development secret: ${secret.from.path}`)
  const key = await secretKey(secret.bytes)
  return mintToken(claims, { key, now: terminal.clock.now(), rules: tokenRulesOf(config) })
}

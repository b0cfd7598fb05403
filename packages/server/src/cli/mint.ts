/** Makes a token from the secret at hand: configured, or the development secret where the nodes keep it. Owns no rule about tokens. */
import type { MintClaims } from '../app/app.ts'
import { secretKey } from '../auth/keys.ts'
import { mintToken } from '../auth/mint.ts'
import { resolveSecret, type SecretKeeper } from '../auth/secret.ts'
import type { Config } from '../config.ts'
import { tokenRulesOf } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { withSecretKeeper } from './trust-at.ts'

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
  const { mode, secret: configured } = config
  const secret = configured
    ? await resolveSecret({ mode, configured, keep: nowhere })
    : await withSecretKeeper(terminal, config, (keep) => resolveSecret({ mode, configured, keep }))
  if (secret.from.kind === 'made') terminal.note(`Made a development secret, kept in ${secret.from.where}`)
  const key = await secretKey(secret.bytes)
  return mintToken(claims, { key, now: terminal.clock.now(), rules: tokenRulesOf(config) })
}

/** What was configured is not kept. */
const nowhere: SecretKeeper = () => Promise.reject(new Error('A configured secret is kept nowhere else.'))

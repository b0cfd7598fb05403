/** The secret that signs the audit, as the nodes of this configuration have it. */
import { resolveSecret, type SecretKeeper } from '../auth/secret.ts'
import { auditKeyOf } from '../chosen-features.ts'
import type { Config } from '../config.ts'
import type { Terminal } from './terminal.ts'
import { withSecretKeeper } from './trust-at.ts'

/** @throws Error that says what to set */
export const auditSecret = async (terminal: Terminal, config: Config): Promise<Uint8Array> => {
  const { auditKey, mode, secret: configured } = config
  const nowhere: SecretKeeper = () => Promise.reject(new Error('A configured secret is kept nowhere else.'))
  if (auditKey === undefined && configured === undefined && mode === 'production') {
    throw new Error(
      'Set FANFARE_AUDIT_KEY, or FANFARE_SECRET, as the nodes have it; or give the public key with --key.',
    )
  }
  const secret =
    auditKey !== undefined
      ? undefined
      : configured === undefined
        ? await withSecretKeeper(terminal, config, (keep) => resolveSecret({ mode, configured, keep }))
        : await resolveSecret({ mode, configured, keep: nowhere })
  const key = auditKeyOf(auditKey, secret?.bytes)
  if (key === undefined) throw new Error('Nothing signs the audit here.')
  return key
}

/** Sealing where no key is configured: texts stay as they are. */
import { FanfareError } from '@fanfare/protocol'
import type { Sealer } from './store.ts'

export const plainSealer: Sealer = {
  seal: (text) => ({ text, keyId: null }),
  open({ text, keyId }) {
    if (keyId === null) return text
    throw new FanfareError(
      'internal',
      'A text is sealed, and no encryption key is configured (FANFARE_ENCRYPTION_KEYS).',
    )
  },
}

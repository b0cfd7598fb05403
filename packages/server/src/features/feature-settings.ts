/** The settings that features read, as `config.ts` takes them, and what can be seen to be wrong with them. Reads nothing. */
import { secret, text, type ValueOf } from '../lib/setting.ts'

export const featureSettings = {
  vapidPublicKey: text({
    default: undefined,
    doc: 'By which push services of browsers know this server; with the two below, notifications go out as Web Push. Make a pair with: npx web-push generate-vapid-keys',
  }),
  vapidPrivateKey: secret({ doc: 'The private half of the pair.' }),
  vapidSubject: text({ default: undefined, doc: 'Whom push services may write to: `mailto:` or an `https:` address.' }),
  auditKey: secret({
    doc: 'Signs checkpoints of the audit. At least 32 random bytes: `openssl rand -base64 48`. Unset: made from the secret that signs tokens.',
  }),
  auditCheckpoints: text({
    default: undefined,
    doc: 'A file to which checkpoints of the audit are appended, best on the disk of another machine.',
  }),
} as const

type Values = { readonly [Name in keyof typeof featureSettings]: ValueOf<(typeof featureSettings)[Name]> }

/** A pair of which the private half is not the public one's is found when the first push is sent; what can be seen is told now. */
export const pushProblems = ({ vapidPublicKey, vapidPrivateKey, vapidSubject }: Values): readonly string[] => {
  const given = [vapidPublicKey, vapidPrivateKey, vapidSubject].filter((one) => one !== undefined).length
  const together = 'FANFARE_VAPID_PUBLIC_KEY, FANFARE_VAPID_PRIVATE_KEY and FANFARE_VAPID_SUBJECT'
  if (given === 0) return []
  if (given < 3) return [`Web Push needs all of ${together}, or none.`]
  const bytesOf = (key: string | undefined) => Buffer.from(key ?? '', 'base64url').length
  return [
    ...(bytesOf(vapidPublicKey) === 65 ? [] : ['FANFARE_VAPID_PUBLIC_KEY is not 65 bytes in URL-safe base64.']),
    ...(bytesOf(vapidPrivateKey) === 32 ? [] : ['FANFARE_VAPID_PRIVATE_KEY is not 32 bytes in URL-safe base64.']),
    ...(/^(mailto:.+@|https:\/\/)/.test(vapidSubject ?? '')
      ? []
      : ['FANFARE_VAPID_SUBJECT must be a mailto: or https: address.']),
  ]
}

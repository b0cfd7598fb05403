/** Web Push as the `web-push` library does it: who we are (VAPID), and a payload that only the browser can read. Sends nothing. */
import { createECDH } from 'node:crypto'
import type { FeatureSettings } from '../../feature.ts'
import type { PushSubscription } from '../inbox-api.ts'
import type { PostRequest } from './post.ts'

export type Vapid = NonNullable<FeatureSettings['vapid']>

export type PushDetails = {
  readonly payload: string
  readonly ttlSeconds: number
  /** Of two with the same that wait at the push service, the later replaces the earlier. At most 32 of A-Z a-z 0-9 - _. */
  readonly replaces: string
}

/** @throws Error for what no push can be made of */
export type MakePush = (subscription: PushSubscription, details: PushDetails) => PostRequest

/** @throws Error that says which setting is wrong */
export const openVapid = async (vapid: Vapid): Promise<MakePush> => {
  // The library is only loaded where pushes are sent.
  const { default: webPush } = await import('web-push')
  const { subject, publicKey, privateKey } = vapid
  webPush.getVapidHeaders('https://push.invalid', subject, publicKey, privateKey, 'aes128gcm')
  if (publicOf(privateKey) !== publicKey) {
    throw new Error('FANFARE_VAPID_PUBLIC_KEY and FANFARE_VAPID_PRIVATE_KEY are not of one pair.')
  }
  return (subscription, { payload, ttlSeconds, replaces }) => {
    const { endpoint, keys } = subscription
    const made = webPush.generateRequestDetails({ endpoint, keys }, payload, {
      vapidDetails: { subject, publicKey, privateKey },
      contentEncoding: 'aes128gcm',
      urgency: 'normal',
      TTL: ttlSeconds,
      topic: replaces,
    })
    return { url: endpoint, headers: made.headers as PostRequest['headers'], body: made.body }
  }
}

const publicOf = (privateKey: string): string => {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(Buffer.from(privateKey, 'base64url'))
  return pair.getPublicKey('base64url')
}

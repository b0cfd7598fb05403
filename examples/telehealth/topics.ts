/** What the clinic's people may follow besides their own visits: notices of the clinic, and those for who works there. */
import { FanfareError } from '@fanfare/protocol'
import type { SocketContext, User } from '@fanfare/server'
import { isCarer } from './visits.ts'

export const mayFollow = ({ user, topic }: { readonly user: User; readonly topic: string }): boolean =>
  topic === 'announcements' || (topic === 'staff' && isCarer(user))

/** @throws FanfareError `forbidden` */
export const followTopic = async ({ inbox, user }: SocketContext, topic: string): Promise<void> => {
  if (!mayFollow({ user, topic })) throw new FanfareError('forbidden', 'You may not follow this topic.')
  await inbox.subscribe(user.id, topic)
}

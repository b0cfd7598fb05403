/** Tells a session that something it asked for failed. The client hears no more than a code of what is our own doing, so that is logged. */
import { type FrameId, toFanfareError } from '@fanfare/protocol'
import type { Session } from '../hub/session.ts'
import { errorFrame } from './error-frame.ts'
import type { Services } from './services.ts'

export type About = { readonly id?: FrameId; readonly room?: string }

export const fail = ({ log, metrics }: Services, session: Session, failure: About & { thrown: unknown }): void => {
  const { thrown, ...about } = failure
  const error = toFanfareError(thrown)
  metrics.add('fanfare_frames_refused_total')
  if (error.code === 'internal') log.error({ error: error.cause ?? error, session: session.id }, 'a frame failed')
  session.send(errorFrame(error, about))
}

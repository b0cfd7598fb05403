/** How the clinic's Socket.IO clients are answered: `{ success: true, … }` or `{ success: false, error }`, whatever happens. */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { SocketContext } from '@fanfare/server'
import { z } from 'zod'
import { mayInVisit } from '../visits.ts'

type Handler = (socket: SocketContext, ...args: unknown[]) => Promise<unknown>
/** Nothing of it may be called `success`. */
type Answer = { readonly [name: string]: unknown } | undefined

const noInput = {}

/**
 * Checks what a client emits, and answers it. A refusal is also told as the event `error`, for those who asked for no
 * acknowledgement. A callback that is no callback, and further arguments, are not looked at.
 */
export const answered =
  <Schema extends z.ZodType>(
    schema: Schema,
    handle: (socket: SocketContext, input: z.output<Schema>) => Answer | Promise<Answer>,
  ): Handler =>
  async (socket, given = noInput) => {
    try {
      const read = schema.safeParse(given)
      if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
      return { success: true, ...(await handle(socket, read.data)) }
    } catch (thrown) {
      const { code, message } = toFanfareError(thrown)
      if (code === 'internal') socket.log.error({ error: thrown, session: socket.id }, 'an event of a client failed')
      const error = { code, message }
      socket.volatile.emit('error', error)
      return { success: false, error }
    }
  }

type VisitAction = Parameters<typeof mayInVisit>[0]['action']

/**
 * The same, for what is done in visits. Membership is asked by the chat; this asks the clinic's own rule, as for the commands
 * of users. Refused with `forbidden`.
 */
export const answeredIn = <Schema extends z.ZodType>(
  action: VisitAction,
  schema: Schema,
  handle: (socket: SocketContext, input: z.output<Schema>) => Answer | Promise<Answer>,
): Handler =>
  answered(schema, (socket, input) => {
    if (!mayInVisit({ user: socket.user, action })) throw new FanfareError('forbidden', 'Your role does not allow it.')
    return handle(socket, input)
  })

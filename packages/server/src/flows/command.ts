/** A command: named by the application, checked against its schema, answered. The same key within the window gives the first answer. */
import { FanfareError, type Json } from '@fanfare/protocol'
import { plainJson } from '../app/plain-json.ts'
import { validate } from '../app/validate.ts'
import type { Caller } from '../model/caller.ts'
import { contextOf } from './context.ts'
import type { Services } from './services.ts'
import { tell, tellRefused } from './tell.ts'

export type CommandRequest = {
  readonly name: string
  readonly input: unknown
  readonly key?: string
  readonly session?: string
  /** Of a Socket.IO client: where what the handler emits goes. */
  readonly namespace?: string
}

/** @throws FanfareError `unknown_command`, `invalid_payload`, `forbidden`, what the handler throws */
export const runCommand = async (services: Services, caller: Caller, request: CommandRequest): Promise<Json> => {
  try {
    const answer = await run(services, caller, request)
    tell(services, caller, { action: 'command.run', subject: request.name })
    return answer
  } catch (thrown) {
    tellRefused(services, caller, { action: 'command.refused', subject: request.name, thrown })
    throw thrown
  }
}

const run = async (services: Services, caller: Caller, request: CommandRequest): Promise<Json> => {
  const rule = services.app.command(request.name)
  if (caller.kind !== 'user') throw new FanfareError('forbidden', 'Commands are for users; send a user’s token.')
  const input = await validate(rule.input, request.input, rule.name)
  const { user, tenantId } = caller
  const cause =
    request.key === undefined ? undefined : `command|${user.id.length}:${user.id}|${request.name}|${request.key}`
  const work = async (): Promise<Json> => {
    const { namespace, session } = request
    const context = contextOf(
      services,
      {
        tenantId,
        userId: user.id,
        ...(cause === undefined ? {} : { cause }),
        ...(namespace === undefined ? {} : { namespace }),
      },
      { user, ...(session === undefined ? {} : { session }) },
    )
    return plainJson((await rule.handle(context, input)) ?? null, `the answer of ${rule.name}`)
  }
  return cause === undefined ? work() : services.commands.once(tenantId, cause, work)
}

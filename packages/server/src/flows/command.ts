/** A command: named by the application, checked against its schema, answered. The same key within the window gives the first answer. */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { CommandRule } from '../app/app.ts'
import type { Caller } from '../model/caller.ts'
import { contextOf } from './context.ts'
import type { Services } from './services.ts'

export type CommandRequest = {
  readonly name: string
  readonly input: unknown
  readonly key?: string
  readonly session?: string
}

/** @throws FanfareError `unknown_command`, `invalid_payload`, `forbidden`, what the handler throws */
export const runCommand = async (services: Services, caller: Caller, request: CommandRequest): Promise<Json> => {
  const rule = services.app.command(request.name)
  if (caller.kind !== 'user') throw new FanfareError('forbidden', 'Commands are for users; send a user’s token.')
  const input = await checkInput(rule, request.input)
  const { user, tenantId } = caller
  const cause = request.key === undefined ? undefined : `command|${user.id}|${request.name}|${request.key}`
  const run = async (): Promise<Json> => {
    const context = contextOf(services, { tenantId, userId: user.id, ...(cause === undefined ? {} : { cause }) })
    const session = request.session === undefined ? {} : { session: request.session }
    return ((await rule.handle({ ...context, user, ...session }, input)) ?? null) as Json
  }
  return cause === undefined ? run() : services.commands.once(`${tenantId}|${cause}`, run)
}

const checkInput = async (rule: CommandRule, input: unknown): Promise<unknown> => {
  const result = await rule.input['~standard'].validate(input)
  if (!result.issues) return result.value
  const issue = result.issues[0]
  const path = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  throw new FanfareError('invalid_payload', `${rule.name}${path ? `: ${path}` : ''}: ${issue?.message ?? 'not valid'}.`)
}

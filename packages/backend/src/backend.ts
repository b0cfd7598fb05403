/** `createBackend`: what a tenant's own server can do with Fanfare, over HTTP. Puts the parts together; opens nothing. */
import type { AnyApp, Described } from '@fanfare/protocol'
import { createCall } from './call.ts'
import { type Conversations, createConversations } from './conversations.ts'
import { createEvents, type Events } from './events.ts'
import { type BackendOptions, settingsOf } from './options.ts'
import { systemWaiting } from './retry.ts'
import { createTokens, type Tokens } from './tokens.ts'
import { createUsers, type Users } from './users.ts'

export type Backend<App extends Described = AnyApp> = Events<App> & Users & Conversations & Tokens

/**
 * Typed by the application where it is given: `createBackend<typeof app>({ … })`. Every call has one effect, however often it
 * must be sent.
 *
 * @throws Error when an option is wrong
 */
export const createBackend = <App extends Described = AnyApp>(options: BackendOptions): Backend<App> => {
  const call = createCall(settingsOf(options), systemWaiting)
  return {
    ...createEvents<App>(call),
    ...createUsers(call),
    ...createConversations(call),
    ...createTokens(call, options),
  }
}

/**
 * Every feature that there is, and `defineApp` as users get it, which knows them. To add a feature, import it and put it into
 * the list; to delete one, take both away with its folder. They open in this order, and stop in the reverse.
 */
import { defineAppWith } from './app/define-app.ts'
import type { AppDescription, Commands, DefinedApp, RoomSchemas } from './app/description.ts'
import { auditFeature } from './features/audit/audit.ts'
import { chatFeature } from './features/chat/chat.ts'
import type { AnyFeature } from './features/feature.ts'
import { inbox } from './features/inbox/inbox.ts'
import { status } from './features/status/status.ts'

export const features: readonly AnyFeature[] = [chatFeature, inbox, status, auditFeature]

/**
 * An application, with every feature that it does not switch off. Nothing is started and nothing is opened: the result only
 * answers questions. @throws Error that lists every mistake
 */
export const defineApp = <
  const Rooms extends RoomSchemas = Record<never, never>,
  const Names extends Commands = Record<never, never>,
>(
  description: AppDescription<Rooms, Names>,
): DefinedApp<Rooms, Names> => defineAppWith(features, description)

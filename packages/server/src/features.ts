/**
 * Every feature that there is, and `defineApp` as users get it, which knows them. To add a feature, import it and put it into
 * the list; to delete one, take both away with its folder. They open in this order, and stop in the reverse.
 */
import { defineAppWith } from './app/define-app.ts'
import type { AppDescription, Commands, DefinedApp, RoomSchemas } from './app/description.ts'
import type { AnyFeature } from './features/feature.ts'

export const features: readonly AnyFeature[] = []

/**
 * An application, with every feature that it does not switch off. Nothing is started and nothing is opened: the result only
 * answers questions. @throws Error that lists every mistake
 */
export const defineApp = <const Rooms extends RoomSchemas, const Names extends Commands = Record<never, never>>(
  description: AppDescription<Rooms, Names>,
): DefinedApp<Rooms, Names> => defineAppWith(features, description)

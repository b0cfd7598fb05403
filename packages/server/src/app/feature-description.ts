/** What a feature brings, in the words of an application's own description. Its functions reach the feature by its API on their context. */
import type { Described } from '@fanfare/protocol'
import type { AppDescription, Commands, CommandsSeen, OwnReactions, RoomSchemas, RoomsSeen } from './description.ts'

export type FeatureDescription = Pick<AppDescription, 'rooms' | 'commands' | 'on' | 'routes' | 'lifecycle'>

/** The same, as its author writes it: parameters and events of its rooms are known. */
export type FeatureDraft<Rooms extends RoomSchemas, Names extends Commands> = Omit<
  AppDescription<Rooms, Names>,
  'on' | 'onStart' | 'endpoints' | 'socketio' | 'features' | 'metrics'
> & { readonly on?: OwnReactions<Rooms> }

/** A description that carries, as types only, what clients may know of it: for `FeatureRooms` and `FeatureCommands`. */
export type DescribedFeature<Rooms extends RoomSchemas, Names extends Commands> = FeatureDescription &
  Described<{ readonly rooms: RoomsSeen<Rooms>; readonly commands: CommandsSeen<Names> }>

/** For `describe` of a feature: `describeFeature({ rooms, commands, … })` checks its parts against each other, as `defineApp` does. */
export const describeFeature = <const Rooms extends RoomSchemas, const Names extends Commands = Record<never, never>>(
  draft: FeatureDraft<Rooms, Names>,
): DescribedFeature<Rooms, Names> => draft as unknown as DescribedFeature<Rooms, Names>

/** A feature, as far as defining an application needs to know it. */
export type DefinableFeature = {
  readonly name: string
  /** @throws Error that says which option is wrong; AggregateError with one for each, whose messages begin with the option's name */
  readonly describe: (options: never) => FeatureDescription
}

export type { FeatureContext } from './context.ts'

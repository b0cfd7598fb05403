/** Reads the `features` of a description: which are on, with what options. Asks each for its description; opens none. */
import { nearest } from '../lib/nearest.ts'
import type { DefinableFeature, FeatureDescription } from './feature-description.ts'
import type { FeatureOptions } from './features.ts'
import type { Problems } from './problems.ts'

/** One that is on. `configured`: the application named it. */
export type ReadFeature = {
  readonly name: string
  readonly options: object
  readonly configured: boolean
  readonly description: FeatureDescription
}

export const describeFeatures = (
  known: readonly DefinableFeature[],
  given: FeatureOptions | undefined,
  problems: Problems,
): readonly ReadFeature[] => {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    problems.add('features', 'give options by name, or false to switch one off: { chat: false }.')
    return []
  }
  const choices = new Map<string, unknown>(Object.entries(given ?? {}))
  const names = known.map(({ name }) => name)
  for (const name of choices.keys()) {
    if (names.includes(name)) continue
    const meant = nearest(name, names)
    const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`
    problems.add(`features.${name}`, meant ? `did you mean ${meant}?` : `no feature has this name; ${there}.`)
  }
  return known.flatMap((feature) => {
    const read = problems.at(`features.${feature.name}`, () => readFeature(feature, choices.get(feature.name)))
    return read ? [read] : []
  })
}

const readFeature = ({ name, describe }: DefinableFeature, choice: unknown): ReadFeature | undefined => {
  if (choice === false) return undefined
  if (choice !== undefined && (typeof choice !== 'object' || choice === null)) {
    throw new Error('give options, or false to switch it off.')
  }
  const options = Object.freeze({ ...choice })
  // Whether they are its options is what it is asked here.
  return { name, options, configured: choice !== undefined, description: describe(options as never) }
}

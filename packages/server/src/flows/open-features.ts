/**
 * What contexts know of features: the API of each, made when somebody asks a context for it. Given a feature's maker when it
 * opens; of one that is off, knows why.
 */
import { FanfareError } from '@fanfare/protocol'
import type { AppContext, FeatureContext } from '../app/context.ts'
import type { FeatureApis } from '../app/features.ts'
import type { Identity } from '../model/identity.ts'

/** Cheap: it is called once for each context that asks. */
export type MakeApi = (context: FeatureContext) => object

/** A session that opened, as features hear of it: no context is made for it, because there is one for each session of a crowd. */
export type GreetedSession = { readonly id: string; readonly identity: Identity }

/** For every session, once it is greeted, besides what goes on in it; what it throws is logged. */
export type HearSession = (session: GreetedSession) => void | Promise<void>

export type OwnedListener = { readonly owner: string; readonly hear: HearSession }

/** On every context, hidden: what APIs are told of it besides its verbs. Enumerable, so that a copy of a context is as good. */
export const forApis: unique symbol = Symbol('forApis')

export type Verbs = Omit<AppContext, keyof FeatureApis>
type Source = Verbs & { readonly [forApis]: Pick<FeatureContext, 'userId' | 'key'> }

export class OpenFeatures {
  readonly #makers = new Map<string, MakeApi>()
  readonly #reasons: ReadonlyMap<string, string>
  readonly #properties: PropertyDescriptorMap
  #listeners: readonly OwnedListener[] = []

  /** @param names of all that there are; `reasons`: why some are off, as a sentence */
  constructor(names: readonly string[], reasons: ReadonlyMap<string, string> = new Map()) {
    this.#reasons = reasons
    this.#properties = Object.fromEntries(names.map((name) => [name, this.#property(name)]))
  }

  /** Those who hear of sessions, in the order in which they opened. */
  get listeners(): readonly OwnedListener[] {
    return this.#listeners
  }

  opened(name: string, make: MakeApi, hear?: HearSession): void {
    this.#makers.set(name, make)
    if (hear) this.#listeners = [...this.#listeners, { owner: name, hear }]
  }

  stopped(name: string): void {
    this.#makers.delete(name)
    this.#listeners = this.#listeners.filter(({ owner }) => owner !== name)
  }

  /**
   * Adds the APIs to an object with the verbs. They are its own properties, so that a copy (`{ ...context }`) has them too:
   * whoever spreads a context asks for all of them, which is why nothing may be lost by that, and nothing thrown.
   */
  addTo<Context extends Source>(context: Context): Context & FeatureApis {
    // Which there are, TypeScript knows from the features' folders, and `features.ts` from its list.
    return Object.defineProperties(context, this.#properties) as Context & FeatureApis
  }

  /** To a context in which no feature can be used. */
  addRefusing<Context extends object>(context: Context, reason: string): Context & FeatureApis {
    for (const name of Object.keys(this.#properties)) Object.assign(context, { [name]: refusing(reason) })
    return context as Context & FeatureApis
  }

  #property(name: string): PropertyDescriptor {
    const make = (source: Source): object => this.#make(name, source)
    return {
      enumerable: true,
      configurable: true,
      get(this: Source) {
        const api = make(this)
        Object.defineProperty(this, name, { value: api, enumerable: true, configurable: true })
        return api
      },
    }
  }

  #make(name: string, source: Source): object {
    const make = this.#makers.get(name)
    if (!make) return refusing(this.#reasons.get(name) ?? `The feature ${name} is not open.`)
    const { tenantId, publish, log } = source
    return make({ tenantId, publish, log, ...source[forApis] })
  }
}

/** Every verb of it is refused, when it is called and not before. */
const refusing = (reason: string): object =>
  new Proxy(Object.freeze({}), {
    get: (_, verb) =>
      // Nothing to wait for, for whoever awaits the API itself.
      typeof verb === 'symbol' || verb === 'then' || verb === 'toJSON'
        ? undefined
        : () => Promise.reject(new FanfareError('unavailable', reason)),
  })

/** Opens features one after another, with what each is given, and keeps what they offer one another. What opened is stopped in the reverse order. */
import type { FeatureContext } from '../app/context.ts'
import type { OpenFeatures } from '../flows/open-features.ts'
import type { Closing } from '../lib/closing.ts'
import { type Audit, noAudit } from '../model/audit.ts'
import type { AnyFeature, FeatureServices, Offers as Offered, OpenedFeature } from './feature.ts'

/** A feature that is on. The options are its own: it has described itself by them. */
export type ChosenFeature = { readonly feature: AnyFeature; readonly options: object }

/** What features offer each other, of whom none knows another. */
export type Offers = Pick<FeatureServices, 'offer' | 'find'> & { readonly audit: Audit }

export const createOffers = (): Offers => {
  const offered = new Map<keyof Offered, unknown>()
  const find: Offers['find'] = (name) => offered.get(name) as Offered[typeof name] | undefined
  return {
    find,
    offer(name, what) {
      if (offered.has(name)) throw new Error(`Two features offer ${name}.`)
      offered.set(name, what)
    },
    // Nobody keeps what is told where the audit is off.
    audit: { record: (entry, urgency) => (find('audit') ?? noAudit).record(entry, urgency) },
  }
}

export type OpeningServices = Omit<FeatureServices, keyof Offers> & {
  readonly offers: Offers
  readonly apis: OpenFeatures
}

export const openFeatures = async (
  chosen: readonly ChosenFeature[],
  { apis, offers, ...services }: OpeningServices,
  closing: Closing,
): Promise<void> => {
  for (const { feature, options } of chosen) {
    const { name } = feature
    // Which of them it is decides what its options and its API are; the list has been checked as a whole.
    const open = feature.open as (services: FeatureServices, options: object) => Promise<OpenedFeature<object>>
    const opened = await open({ ...services, ...offers }, options)
    closing.push(async () => {
      apis.stopped(name)
      await opened.stop()
    })
    const api = (context: FeatureContext) => opened.api(context)
    apis.opened(name, api, opened.connected?.bind(opened))
  }
}

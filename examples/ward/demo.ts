/**
 * The demonstration: a simulated ward, and a way for its page to get a token without a sign-in. Both belong to one tenant
 * that holds nothing else; tokens for it can read and not write, and are given in development only.
 */
import { randomUUID } from 'node:crypto'
import { FanfareError } from '@fanfare/protocol'
import type { App } from '@fanfare/server'
import { demoHospital, demoTenant, roster } from './simulator/roster.ts'
import { runSimulator } from './simulator/run.ts'

type Server = Parameters<NonNullable<App['onStart']>>[0]

export type DemoOptions = {
  /** Whether patients are simulated. @default true unless WARD_SIMULATOR is `off` */
  readonly simulate?: boolean
  /** The same seed gives the same ward. @default 20 */
  readonly seed?: number
}

const readerGrants = ['read:patient', `read:hospital:${demoHospital}`, 'read:device', 'read:feed']
const tokenSeconds = 15 * 60

export const createDemo = (options: DemoOptions = {}) => {
  const simulate = options.simulate ?? process.env.WARD_SIMULATOR !== 'off'
  let server: Server | undefined
  return {
    async start(started: Server): Promise<() => void> {
      server = started
      const stop = simulate
        ? await runSimulator({ context: started.of(demoTenant), every: everyMs, seed: options.seed ?? 20 })
        : () => {}
      return () => {
        stop()
        server = undefined
      }
    },
    /** A visitor of their own, so that visitors do not share limits. @throws FanfareError `not_found` in production */
    async session() {
      if (server?.mode !== 'development') {
        throw new FanfareError('not_found', 'There is no demonstration in production: bring a token of your own.')
      }
      const token = await server.mint({
        tenantId: demoTenant,
        userId: `visitor-${randomUUID().slice(0, 8)}`,
        roles: ['visitor'],
        grants: readerGrants,
        ttlSeconds: tokenSeconds,
      })
      const beds = roster.map(({ id, bed, name, age }) => ({ patient_id: id, bed, name, age }))
      return { token, hospital_id: demoHospital, beds }
    },
  }
}

const everyMs = (ms: number, callback: () => void) => {
  const timer = setInterval(callback, ms)
  return () => clearInterval(timer)
}

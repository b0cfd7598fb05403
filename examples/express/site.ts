/** The Express application: its pages, its sign-in, its parcels. Two of its routes use Fanfare; the rest need not know of it. */
import { fileURLToPath } from 'node:url'
import type { Fanfare } from '@fanfare/server'
import express, { type Express } from 'express'
import { SignIn, type Worker } from './sign-in.ts'

type Scan = { readonly place: string; readonly by: string; readonly at: string }

const publicFolder = fileURLToPath(new URL('./public', import.meta.url))

const isPlace = (value: unknown): value is string => typeof value === 'string' && /^[\w -]{1,40}$/.test(value)

export const createSite = (fanfare: Fanfare): Express => {
  const site = express()
  const signIn = new SignIn()
  const parcels = new Map<string, Scan[]>()
  site.use(express.json({ limit: '16kb' }))
  site.use(express.static(publicFolder))
  // Its own, as before: Fanfare leaves /health to its host.
  site.get('/health', (_, response) => void response.json({ status: 'the depot is open' }))

  site.post('/sign-in', (request, response) => {
    const { name, password } = (request.body ?? {}) as { name?: unknown; password?: unknown }
    const accessToken = signIn.accessToken(name, password)
    if (accessToken === undefined) response.status(401).json({ error: 'The name or the password is wrong.' })
    else response.json({ accessToken })
  })

  /** Whoever is signed in here gets a short token for there, with what they may read. Pages ask again when it ends. */
  site.post('/live-token', signIn.required, async (_, response) => {
    const { id, company, depot } = response.locals.worker as Worker
    const grants = [`read:depot:${depot}`]
    const token = await fanfare.mint({ tenantId: company, userId: id, grants, claims: { depot }, ttlSeconds: 600 })
    response.json({ token, room: `depot:${depot}` })
  })

  site.get('/parcels/:parcel', signIn.required, (request, response) => {
    const scans = parcels.get(String(request.params.parcel))
    if (scans) response.json({ scans })
    else response.status(404).json({ error: 'Nobody has scanned this parcel.' })
  })

  site.post('/parcels/:parcel/scans', signIn.required, async (request, response) => {
    const { id, company, depot } = response.locals.worker as Worker
    const { place } = (request.body ?? {}) as { place?: unknown }
    const { parcel } = request.params
    if (!isPlace(place) || !isPlace(parcel)) {
      response.status(400).json({ error: 'A scan names a parcel and a place.' })
      return
    }
    // Resolves once the event is on disk: whoever reads the board will see it, whatever happens next.
    const { offset, timestamp } = await fanfare.publish(company, `depot:${depot}`, 'parcel.scanned', {
      parcel,
      place,
      by: id,
    })
    const scans = parcels.get(parcel) ?? []
    parcels.set(parcel, [...scans, { place, by: id, at: timestamp }])
    response.status(201).json({ parcel, offset })
  })
  return site
}

/** The clinic's REST interface: signing in, staying signed in, and visits. */
import { FanfareError } from '@fanfare/protocol'
import type { RouteContext, RouteDescription } from '@fanfare/server'
import { z } from 'zod'
import { demoClinic, demoPassword, demoPeople } from './people.ts'
import { type Door, Login, renew, signIn } from './sign-in.ts'
import { createVisit, mustCare, peopleIn } from './visits.ts'

const NewVisit = z.object({
  title: z.string().trim().min(1).max(120),
  /** Of the same clinic; whoever asks is in the visit too. */
  participants: z.array(z.string().min(1).max(128)).min(1).max(20),
})

/** @throws FanfareError `bad_frame`, `invalid_payload` */
const readBody = async <Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> => {
  // The server has looked through what says that it is JSON, and only that.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new FanfareError('bad_frame', 'Send JSON, with the header Content-Type: application/json.')
  }
  const body: unknown = await request.json().catch((cause: unknown) => {
    throw new FanfareError('bad_frame', 'The body must be JSON.', { cause })
  })
  const read = schema.safeParse(body)
  if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
  return read.data
}

const listVisits = async ({ chat, user, query }: RouteContext) => {
  if (user === undefined) throw new FanfareError('unauthenticated')
  const asked = query.get('before')
  const { rooms, before } = await chat.rooms(user.id, asked === null ? {} : { before: asked })
  const visits = rooms.map(({ id, title, unread, lastNumber, createdAt, data }) => {
    return { id, title, unread, lastNumber, createdAt, participants: peopleIn(data) }
  })
  return { visits, ...(before === undefined ? {} : { before }) }
}

/** @throws FanfareError `forbidden`, `not_found` */
const openVisit = async ({ people }: Door, context: RouteContext) => {
  mustCare(context.user)
  const { title, participants } = await readBody(context.request, NewVisit)
  const found = [...new Set([...participants, context.user?.id ?? ''])].map((userId) => {
    const person = people.find(context.tenantId, userId)
    if (person === undefined) throw new FanfareError('not_found', 'Somebody of them is not of this clinic.')
    return person
  })
  const { id, createdAt, data } = await createVisit(context, { title, people: found })
  return { id, title, createdAt, participants: peopleIn(data) }
}

/** Whom one can sign in as where everything is a demonstration; an empty list elsewhere. */
const demoAccounts = ({ mode }: Door) => ({
  accounts:
    mode === 'development'
      ? demoPeople
          .filter(({ tenantId }) => tenantId === demoClinic)
          .map(({ email, name, title }) => ({ email, name, title, password: demoPassword }))
      : [],
})

/** @param door asked on each request. @throws FanfareError `unavailable` until the server is up */
export const routes = (door: () => Door): { readonly [route: string]: RouteDescription } => ({
  'POST /api/v1/auth/login': {
    auth: 'none',
    handle: async ({ request }) => signIn(door(), await readBody(request, Login)),
  },
  'POST /api/v1/auth/refresh': ({ user }: RouteContext) => renew(door(), user),
  'GET /api/v1/visits': listVisits,
  'POST /api/v1/visits': (context: RouteContext) => openVisit(door(), context),
  'GET /demo/accounts': { auth: 'none', handle: () => demoAccounts(door()) },
})

/** Who this window is signed in as. Kept for the window alone, so that two windows can be two people. */
const key = 'telehealth-session'

const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null')
  } catch {
    // Nothing that this page wrote, or storage is switched off: signed out.
    return null
  }
}
let session = read()

const keep = ({ token, expiresIn, user }) => {
  const now = Date.now()
  session = { token, user, renewAt: now + expiresIn * 500, expiresAt: now + expiresIn * 1_000 }
  sessionStorage.setItem(key, JSON.stringify(session))
  return session
}

const problemOf = async (response) => {
  const told = await response.json().catch(() => undefined)
  return new Error(told?.detail ?? told?.title ?? `The server answers ${response.status}.`)
}

export const signedInAs = () => (session && session.expiresAt > Date.now() ? session.user : undefined)

export const signIn = async (email, password) => {
  const response = await fetch('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  if (!response.ok) throw await problemOf(response)
  return keep(await response.json()).user
}

export const signOut = () => {
  session = null
  sessionStorage.removeItem(key)
}

/** For the client, on each connect and before the token ends: the one there is, until half of its time is over. */
export const freshToken = async () => {
  if (Date.now() < session.renewAt) return session.token
  const response = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    headers: { authorization: `Bearer ${session.token}` },
  })
  // Refused for good: the client is told by the token itself, and the page goes back to its door.
  if (response.status === 401) return session.token
  if (!response.ok) throw await problemOf(response)
  return keep(await response.json()).token
}

export const demoAccounts = async () => {
  const response = await fetch('/demo/accounts')
  return response.ok ? (await response.json()).accounts : []
}

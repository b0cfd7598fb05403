/** Who this page is: a visitor of the demonstration ward, with a token that is fetched again when it is needed. */
const open = async () => {
  const response = await fetch('/demo/session', { method: 'POST' })
  if (!response.ok) throw new Error(`The server gives no demonstration session (${response.status}).`)
  return response.json()
}

/** Asks again until the server answers: the page may be open before it is. */
export const openSession = async () => {
  for (let tries = 0; ; tries++) {
    try {
      return await open()
    } catch (error) {
      if (tries >= 20) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 1.5 ** tries, 5_000)))
    }
  }
}

/** For the client, on each connect and before the token ends. */
export const freshToken = async () => (await open()).token

/** A ticket opens one stream, once: an EventSource can send no header. */
export const freshTicket = async () => {
  const token = await freshToken()
  const response = await fetch('/v1/tickets', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The server gives no ticket (${response.status}).`)
  return (await response.json()).ticket
}

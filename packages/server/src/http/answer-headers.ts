/** The headers that every answer has, whoever made it: those that keep a browser from guessing, framing and leaking. */

/** For a page that brings no policy of its own: everything from here, nothing from elsewhere, in nobody's frame. */
const pagePolicy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

/** Where the answer says something of its own, that stays. */
const unlessSet = (response: Response): Record<string, string> => ({
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  ...(response.headers.get('content-type')?.startsWith('text/html') ? { 'Content-Security-Policy': pagePolicy } : {}),
})

/** The answer with these headers too. `Vary` grows; the others are set. */
export const withHeaders = (response: Response, added: { readonly [name: string]: string }): Response => {
  const answer = writable(response)
  for (const [name, value] of Object.entries(unlessSet(answer))) {
    if (!answer.headers.has(name)) answer.headers.set(name, value)
  }
  for (const [name, value] of Object.entries(added)) answer.headers.set(name, value)
  answer.headers.append('Vary', 'Origin')
  return answer
}

/** Headers of a redirect, or of an answer that was fetched, cannot be changed: such an answer is made anew. */
const writable = (response: Response): Response => {
  try {
    response.headers.set('X-Content-Type-Options', 'nosniff')
    return response
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return new Response(response.body, response)
  }
}

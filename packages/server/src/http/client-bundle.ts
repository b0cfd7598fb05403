/** The browser's client as an ES module, for pages without a build step. How it is made is the composition root's affair. */
import { createHash } from 'node:crypto'
import { FanfareError } from '@fanfare/protocol'
import type { Api } from './api/api.ts'
import type { HttpContext } from './settings.ts'

type Bundle = { readonly source: string; readonly tag: string }

export const addClientBundle = (api: Api, { settings }: HttpContext): void => {
  let bundle: Promise<Bundle> | undefined
  api.get('/fanfare/client.js', async (c) => {
    const { clientBundle } = settings
    if (!clientBundle) throw new FanfareError('not_found', 'This node has no client to give; install @fanfare/client.')
    bundle ??= clientBundle().then(tagged)
    // A failure is not kept: the next request tries again.
    const { source, tag } = await bundle.catch((error: unknown) => {
      bundle = undefined
      throw error
    })
    const headers = { ETag: tag, 'Cache-Control': 'public, max-age=300, must-revalidate' }
    if (knows(c.req.header('if-none-match'), tag)) return new Response(null, { status: 304, headers })
    return new Response(source, { headers: { ...headers, 'Content-Type': 'text/javascript; charset=utf-8' } })
  })
}

const tagged = (source: string): Bundle => ({
  source,
  tag: `"${createHash('sha256').update(source).digest('base64url').slice(0, 22)}"`,
})

const knows = (header: string | undefined, tag: string): boolean =>
  (header ?? '').split(',').some((entry) => entry.trim().replace(/^W\//, '') === tag)

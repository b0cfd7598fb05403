/** The API’s description, for programs at `/openapi.json` and for people at `/docs`. Made once, when first asked for. */
import { readFileSync } from 'node:fs'
import type { Api } from '../api/api.ts'
import type { HttpContext } from '../settings.ts'
import { type ApiDescription, addDescriptions, describeApi } from './openapi.ts'
import { renderPage } from './page.ts'

const pagePolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const fresh = { 'Cache-Control': 'no-cache' } as const

export const stylePath = '/docs/style.css'
export const iconPath = '/docs/icon.svg'

export const addDocs = (api: Api, { services, settings }: HttpContext): void => {
  const routes = services.app.routes.filter((rule) => rule.auth === 'server')
  addDescriptions(api, routes)
  const description = once((): ApiDescription => describeApi(api, settings.version, routes))
  const page = once(() => renderPage(description(), { style: stylePath, icon: iconPath }))
  const style = once(() => readFileSync(new URL('./style.css', import.meta.url), 'utf8'))
  const icon = once(() => readFileSync(new URL('./icon.svg', import.meta.url), 'utf8'))
  api.get('/openapi.json', () => Response.json(description(), { headers: fresh }))
  api.get(
    '/docs',
    () =>
      new Response(page(), {
        headers: { ...fresh, 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': pagePolicy },
      }),
  )
  api.get(stylePath, () => new Response(style(), { headers: { ...fresh, 'Content-Type': 'text/css; charset=utf-8' } }))
  api.get(iconPath, () => new Response(icon(), { headers: { ...fresh, 'Content-Type': 'image/svg+xml' } }))
}

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

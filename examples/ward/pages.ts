/** The ward's pages: a fixed list of files, each with the headers of a page that loads nothing from elsewhere. */
import { readFile } from 'node:fs/promises'
import { FanfareError } from '@fanfare/protocol'

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const

/** Path → file in `public`. No path that a client sends ever reaches the file system. */
const files: ReadonlyMap<string, string> = new Map([
  ['/', 'index.html'],
  ['/watch', 'watch.html'],
  ...[
    'ward.css',
    'bed.css',
    'watch.css',
    'icon.svg',
    'ward.js',
    'watch.js',
    'live.js',
    'session.js',
    'board.js',
    'bed-card.js',
    'details.js',
    'alerts.js',
    'connection-pill.js',
    'vitals.js',
    'sparkline.js',
    'theme.js',
  ].map((name): [string, string] => [`/ward/${name}`, name]),
])

export const pagePaths: readonly string[] = [...files.keys()]

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @throws FanfareError `not_found` */
export const servePage = async (path: string): Promise<Response> => {
  const name = files.get(path)
  if (name === undefined) throw new FanfareError('not_found')
  const body = await readFile(new URL(`./public/${name}`, import.meta.url), 'utf8')
  const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types]
  return new Response(body, {
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-cache',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

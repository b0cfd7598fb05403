/** The clinic's page: a fixed list of files, each with the headers of a page that loads nothing from elsewhere. */
import { readFile } from 'node:fs/promises'
import { FanfareError } from '@fanfare/protocol'

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const

/** Path → file in `public`. No path that a client sends ever reaches the file system. */
const files: ReadonlyMap<string, string> = new Map([
  ['/', 'index.html'],
  ...[
    'icon.svg',
    'look.css',
    'shell.css',
    'door.css',
    'conversation.css',
    'messages.css',
    'telehealth.js',
    'session.js',
    'live.js',
    'dom.js',
    'theme.js',
    'time.js',
    'people.js',
    'outbox.js',
    'sign-in.js',
    'visits.js',
    'visit-list.js',
    'conversation.js',
    'messages.js',
    'message-view.js',
    'message-list.js',
    'scroll.js',
    'composer.js',
    'visit-head.js',
    'visit-room.js',
    'reading.js',
    'doing.js',
    'receipts.js',
    'typing.js',
    'statuses.js',
    'notifications.js',
    'connection.js',
  ].map((name): [string, string] => [`/telehealth/${name}`, name]),
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

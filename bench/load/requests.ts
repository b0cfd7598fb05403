/** HTTP requests as text, without a client that would parse what comes back. */
import { randomBytes } from 'node:crypto'

const request = (line: string, port: number, headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, '\r\n'].join('\r\n')

export const upgrade = (path: string, port: number, headers: readonly string[] = []): string =>
  request(`GET ${path}`, port, [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...headers,
  ])

export const get = (path: string, port: number, headers: readonly string[] = []): string =>
  request(`GET ${path}`, port, headers)

/** The port is left out of `Host`, because a publish does not know it. */
export const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** One of 16 million, so that each connection stands for a machine of its own. */
export const addressOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`

/** What the standard WebSocket type lacks and the test runtime has: headers, and an end without a goodbye. */

export type TestSocket = WebSocket & { terminate(): void }

export type SocketOptions = { readonly protocols: string[]; readonly headers: { readonly [name: string]: string } }

export const openSocket = (url: string, options: SocketOptions): TestSocket => {
  const Socket = WebSocket as unknown as new (url: string, options: SocketOptions) => TestSocket
  return new Socket(url, options)
}

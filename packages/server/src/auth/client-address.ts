/** The address that a request comes from. `X-Forwarded-For` is what its sender likes it to be, unless a proxy that we know added to it. */
import { BlockList, isIP, isIPv4 } from 'node:net'

/** Addresses that are believed; made by {@link trustProxies}. */
export type TrustedProxies = BlockList

/** @param proxies addresses or blocks, such as `10.0.0.0/8`, `::1`. @throws Error that names the entry which is neither */
export const trustProxies = (proxies: readonly string[]): TrustedProxies => {
  const trusted = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    if (version === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
      throw new Error(`${JSON.stringify(proxy)} is no address such as 10.0.0.1 and no block such as 10.0.0.0/8.`)
    }
    trusted.addSubnet(address, bits === undefined ? most : Number(bits), version === 4 ? 'ipv4' : 'ipv6')
  }
  return trusted
}

/**
 * @param remote the address of the socket's other end
 * @param header `X-Forwarded-For`, in which each proxy appends whom it heard
 * @returns the last address in that chain which no trusted proxy speaks for
 */
export const clientAddress = (remote: string, header: string | null | undefined, trusted: TrustedProxies): string => {
  let client = plainAddress(remote) ?? remote
  if (!header) return client
  const hops = header.split(',')
  while (hops.length > 0 && isTrusted(client, trusted)) {
    const heard = plainAddress(hops.pop()!)
    if (heard === undefined) break
    client = heard
  }
  return client
}

const isTrusted = (address: string, trusted: TrustedProxies): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/** Without port, brackets, zone, or the IPv6 clothes that a dual-stack socket puts on IPv4. */
const plainAddress = (text: string): string | undefined => {
  const trimmed = text.trim().toLowerCase()
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed
  const address = bare.split('%')[0]!
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1]
  if (mapped && isIPv4(mapped)) return mapped
  return isIP(address) === 0 ? undefined : address
}

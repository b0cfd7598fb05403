/** Which IP addresses are of the internet, and not of a machine, a house, a data centre or nobody: whatever users name is only called there. */
import { BlockList, isIP } from 'node:net'

export type PublicAddresses = {
  isPublic(address: string): boolean
  isLoopback(address: string): boolean
}

/** From the registries of special addresses (RFC 6890 and later). */
const special4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

/** Within 2000::/3, outside of which nothing is of the internet: ways into IPv4 first of all. */
const special6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

export const publicAddresses = (): PublicAddresses => {
  const special = new BlockList()
  for (const [network, bits] of special4) special.addSubnet(network, bits, 'ipv4')
  for (const [network, bits] of special6) special.addSubnet(network, bits, 'ipv6')
  const internet6 = new BlockList()
  internet6.addSubnet('2000::', 3, 'ipv6')
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return {
    isPublic(address) {
      const version = isIP(address)
      if (version === 4) return !special.check(address, 'ipv4')
      return version === 6 && internet6.check(address, 'ipv6') && !special.check(address, 'ipv6')
    },
    isLoopback(address) {
      const version = isIP(address)
      return version !== 0 && loopback.check(address, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

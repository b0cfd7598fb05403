/**
 * What stands in the braces of every key of a partition. Made once by searching three-letter words for those whose slots
 * are nearest the middle of each 64th part of all slots; changing one loses the data of its partition.
 */
import type { Partition } from './redis.ts'
import { crc16 } from './slots.ts'

const clusterTags = [
  '53t j3j if5 kec 574 74b akm 6bk 96a frw 0ip oin d1i 38o 0m0 2nf',
  'he6 box 40w c9q hav 7ah 447 67a 1js fcu 0xr gqt 1n3 3me e2j gu4',
  '712 52d cmk 4dm 75r h5l 7av ice 3y7 1za 2k6 8ax wu7 931 2ov 8e8',
  '7d8 5gn 621 41g jc0 qkn 66q i6o 3h5 1kc 2z4 0yb 3lu des o94 802',
].flatMap((row) => row.split(' '))

const partitionsOf = (tags: readonly string[]): readonly Partition[] => tags.map((tag, index) => ({ index, tag }))

/** Of a Cluster: 64, spread evenly over the slots, so that up to 64 masters have their share. */
export const clusterPartitions = partitionsOf(clusterTags)

/** Of one server, alone or watched by Sentinel. */
export const singlePartition = partitionsOf(clusterTags.slice(0, 1))

/** The same for the same name, in every process of every version. */
export const partitionFor = (partitions: readonly Partition[], name: string): Partition =>
  partitions[partitions.length === 1 ? 0 : crc16(name) % partitions.length]!

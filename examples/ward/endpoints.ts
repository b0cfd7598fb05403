/** The addresses that the ward's clients know, and the rooms that each opens with. */
import { feedRoom } from './rooms.ts'
import { socketWords, streamWords } from './words.ts'

const patientRooms = ['patient:{patientId}', 'patient:{patientId}:vitals', 'patient:{patientId}:alerts'] as const
const hospitalRooms = [
  'hospital:{hospitalId}',
  'hospital:{hospitalId}:alerts',
  'hospital:{hospitalId}:devices',
] as const

/** Those clients put their token into the address; ours never does. */
const socket = { tokenInQuery: true, words: socketWords } as const
const stream = { words: streamWords } as const

export const endpoints = {
  '/realtime/ws': { subscribe: [], ...socket },
  '/realtime/ws/patient/{patientId}': { subscribe: patientRooms, ...socket },
  '/realtime/ws/hospital/{hospitalId}': { subscribe: hospitalRooms, ...socket },
  '/realtime/events': { subscribe: [feedRoom], ...stream },
  '/realtime/events/patient/{patientId}': { subscribe: patientRooms, ...stream },
  '/realtime/events/hospital/{hospitalId}': { subscribe: hospitalRooms, ...stream },
  '/realtime/events/device/{deviceType}/{deviceId}': {
    subscribe: ['device:{deviceType}:{deviceId}', 'device:{deviceType}:{deviceId}:status'],
    ...stream,
  },
} as const

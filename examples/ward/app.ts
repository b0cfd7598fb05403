/** The ward: vital signs of patients from devices to every screen that watches them, with alerts that do not flap. */
import { command, defineApp } from '@fanfare/server'
import { createDemo, type DemoOptions } from './demo.ts'
import { acceptDeviceData } from './device-data.ts'
import { endpoints } from './endpoints.ts'
import { DeviceData } from './events.ts'
import { pagePaths, servePage } from './pages.ts'
import { reactions } from './reactions.ts'
import { rooms } from './rooms.ts'
import { mustWriteFor, publishTestEvent, reportDeviceData, tellStats } from './routes.ts'

/** A ward of its own; tests make one each. */
export const createWard = (options: DemoOptions = {}) => {
  const demo = createDemo(options)
  return defineApp({
    rooms,
    commands: {
      'device:report': command(DeviceData, async (context, data) => {
        mustWriteFor(context.user, data)
        return await acceptDeviceData(context, data)
      }),
    },
    on: reactions,
    endpoints,
    routes: {
      ...Object.fromEntries(
        pagePaths.map((path) => [`GET ${path}`, { auth: 'none' as const, handle: () => servePage(path) }]),
      ),
      'POST /demo/session': { auth: 'none', handle: () => demo.session() },
      'POST /realtime/devices/data': reportDeviceData,
      'POST /realtime/test/publish': publishTestEvent,
      'GET /realtime/stats': tellStats,
    },
    onStart: (server) => demo.start(server),
  })
}

export const app = createWard()
export default app

/** @fanfare/server: describe an application, and run it. */
export type {
  AccessContext,
  App,
  AppContext,
  CommandContext,
  EndpointWords,
  MintClaims,
  Params,
  RouteContext,
  TenantStats,
} from './app/app.ts'
export { command } from './app/define-app.ts'
export type { AppDescription, EndpointDescription, RoomDescription, RouteDescription } from './app/description.ts'
export type { Duration } from './app/duration.ts'
export type { EmitTarget, SocketEmitter } from './app/emit.ts'
export type { FeatureApis, FeatureOptions } from './app/features.ts'
export type { LifecycleHandlers, RoomVacated, UserOffline } from './app/lifecycle.ts'
export type { MetricDescription, MetricDescriptions, NodeCounts } from './app/metrics.ts'
export { serverRoute } from './app/server-route.ts'
export type {
  DisconnectReason,
  ExpiredSession,
  PlainSocket,
  SocketAnswer,
  SocketClaims,
  SocketContext,
  SocketHandshake,
} from './app/socketio.ts'
export {
  answerWith,
  type NamespaceDescription,
  type SocketIoDescription,
  socketHandler,
} from './app/socketio-description.ts'
export { type Config, configWith, readConfig } from './config.ts'
export { type AttachedOptions, createFanfare, type Fanfare, type FanfareOptions } from './create-fanfare.ts'
export { defineApp } from './features.ts'
export { type Clock, systemClock } from './lib/clock.ts'
export { type FakeClock, fakeClock } from './lib/fake-clock.ts'
export { type Log, silentLog } from './lib/log.ts'
export type { User } from './model/identity.ts'
export { type RunningServer, type StartOptions, startServer } from './server.ts'

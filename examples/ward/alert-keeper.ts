/**
 * Remembers each patient's watches between readings and says what changed. The memory is the tenant's cache, which
 * outlives the process; readings of one patient come one at a time, because they share a room.
 */
import type { Json, RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '@fanfare/server'
import { z } from 'zod'
import { type AlertRule, alertRules, type Decision, levelOf, quietWatch, transition, type Watch } from './alerts.ts'
import type { Vitals } from './events.ts'

const KeptWatch = z.object({
  status: z.enum(['stable', 'warning', 'critical']),
  warningRun: z.number(),
  criticalRun: z.number(),
  calmRun: z.number(),
  episode: z.number(),
})
/** `seen` are the last readings taken in: after a crash some come again, and must not count twice. */
const Kept = z.object({ seen: z.array(z.string()), watches: z.record(z.string(), KeptWatch) })
type Kept = z.infer<typeof Kept>

const seenReadings = 16
/** A patient of whom nothing is heard for so long begins anew. */
const forgetAfterMs = 7 * 86_400_000

type Change = {
  readonly rule: AlertRule
  readonly decision: Exclude<Decision, { kind: 'none' }>
  readonly watch: Watch
}

/** Takes one reading in, publishes the alerts that it begins or ends, and remembers. */
export const watchVitals = async (context: AppContext, event: RoomEvent, vitals: Vitals): Promise<void> => {
  const patientId = vitals.patient_id
  if (patientId === undefined) return
  const key = `watch:${patientId}`
  const before = await readKept(context, key)
  if (before.seen.includes(event.id)) return
  const watches: Record<string, Watch> = { ...before.watches }
  const changes: Change[] = []
  for (const rule of alertRules) {
    const level = levelOf(rule, vitals)
    if (level === undefined) continue
    const { watch, decision } = transition(watches[rule.type] ?? quietWatch, level)
    watches[rule.type] = watch
    if (decision.kind !== 'none') changes.push({ rule, decision, watch })
  }
  for (const change of changes) {
    if (change.decision.kind === 'raise') await raise(context, { event, vitals, patientId }, change)
  }
  if (changes.length > 0) await tellStatus(context, { event, patientId }, { changes, watches })
  // Last: if the process dies before this line, the reading comes again and its publishes are recognised by their keys.
  const seen = [...before.seen, event.id].slice(-seenReadings)
  await context.cache.set(key, { seen, watches }, { ttlMs: forgetAfterMs })
}

const readKept = async (context: AppContext, key: string): Promise<Kept> => {
  const kept = Kept.safeParse(await context.cache.get(key))
  return kept.success ? kept.data : { seen: [], watches: {} }
}

type Reading = { readonly event: RoomEvent; readonly vitals: Vitals; readonly patientId: string }

const raise = async (context: AppContext, { event, vitals, patientId }: Reading, change: Change): Promise<void> => {
  const { rule, decision, watch } = change
  if (decision.kind !== 'raise') return
  const values: { [name: string]: Json } = { ...rule.values(vitals) }
  if (vitals.device_id !== undefined) values.device_id = vitals.device_id
  await context.publish(
    `patient:${patientId}:alerts`,
    'patient.alert',
    {
      patient_id: patientId,
      alert_type: rule.type,
      severity: decision.severity,
      message: rule.message(vitals),
      data: values,
      episode: watch.episode,
      ...(vitals.hospital_id === undefined ? {} : { hospital_id: vitals.hospital_id }),
    },
    { key: `${event.id}|${rule.type}` },
  )
}

type Outcome = { readonly changes: readonly Change[]; readonly watches: { readonly [type: string]: Watch } }

const tellStatus = async (
  context: AppContext,
  { event, patientId }: Pick<Reading, 'event' | 'patientId'>,
  { changes, watches }: Outcome,
): Promise<void> => {
  const open = Object.entries(watches).filter(([, watch]) => watch.status !== 'stable')
  const critical = open.some(([, watch]) => watch.status === 'critical')
  await context.publish(
    `patient:${patientId}`,
    'patient.status.change',
    {
      patient_id: patientId,
      status: critical ? 'critical' : open.length > 0 ? 'warning' : 'stable',
      alerts: open.map(([type]) => type),
      reason: changes
        .map(({ rule, decision }) => `${rule.type} ${decision.kind === 'raise' ? decision.severity : 'over'}`)
        .join(', '),
    },
    { key: `${event.id}|status` },
  )
}

/** The vital signs that the board shows: their names, units, scales, and the limits beyond which a number is coloured. */

/** `scale` is what a chart shows at least; limits are those of the server's alerts. */
export const vitals = [
  {
    key: 'heart_rate',
    label: 'Heart rate',
    unit: 'bpm',
    large: true,
    scale: [45, 130],
    low: [50, 40],
    high: [120, 140],
    read: (data) => data.heart_rate,
  },
  {
    key: 'spo2',
    label: 'SpO₂',
    unit: '%',
    large: true,
    scale: [86, 100],
    low: [92, 88],
    read: (data) => data.spo2,
  },
  {
    key: 'blood_pressure',
    label: 'BP',
    unit: 'mmHg',
    scale: [80, 170],
    low: [90, 80],
    high: [140, 180],
    read: (data) => data.blood_pressure?.systolic,
    show: (data) => `${data.blood_pressure.systolic}/${data.blood_pressure.diastolic}`,
  },
  {
    key: 'respiration',
    label: 'Resp.',
    unit: '/min',
    scale: [8, 28],
    high: [24, 30],
    read: (data) => data.respiration,
  },
  {
    key: 'temperature',
    label: 'Temp.',
    unit: '°C',
    scale: [35.5, 39],
    low: [35.5, 34],
    high: [38.5, 40],
    read: (data) => data.temperature,
    show: (data) => data.temperature.toFixed(1),
  },
]

export const levelOf = (vital, value) => {
  const beyond = (index) => (vital.high && value > vital.high[index]) || (vital.low && value < vital.low[index])
  if (beyond(1)) return 'critical'
  return beyond(0) ? 'warning' : 'normal'
}

const keep = 90

/** The last readings of every vital sign of one patient; the newest last. */
export const createTrace = () => {
  const series = new Map(vitals.map((vital) => [vital.key, []]))
  const shown = new Map()
  return {
    /** Returns the vital signs that the data held. */
    add(data) {
      return vitals.filter((vital) => {
        const value = vital.read(data)
        if (value === undefined) return false
        const values = series.get(vital.key)
        values.push(value)
        if (values.length > keep) values.shift()
        shown.set(vital.key, vital.show ? vital.show(data) : String(value))
        return true
      })
    },
    values: (key) => series.get(key),
    text: (key) => shown.get(key),
  }
}
